# brew install --build-from-source ./packaging/homebrew/stylize.rb, once `url` and `sha256` name a release.
class Stylize < Formula
  desc "Repaint photographs in the style of artworks"
  homepage "https://example.org/stylize"
  url "https://example.org/stylize/stylize-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "xxhash" => :build
  depends_on "giflib"
  depends_on "jansson"
  depends_on "jpeg-turbo"
  depends_on "libpng"
  depends_on "libtiff"
  depends_on "little-cms2"
  depends_on "webp"

  def install
    args = %w[-DSTYLIZE_TORCH=OFF -DSTYLIZE_BUILD_TESTS=OFF -DSTYLIZE_HEIF=OFF -DSTYLIZE_JXL=OFF
              -DSTYLIZE_FFMPEG=OFF -DSTYLIZE_LETTERING=OFF]
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", *args, *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
    pkgshare.install "examples/data/photo.jpg"
  end

  test do
    system bin/"stylize", pkgshare/"photo.jpg", "-s", "starry_night", "--size", "64", "-o", testpath/"painted.png"
    assert_equal "\x89PNG".b, File.binread(testpath/"painted.png", 4)
  end
end
