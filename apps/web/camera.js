// The camera: one frame after the other goes to a function, as fast as that comes back.
export class Camera {
  running = false;
  rate = 0; // frames a second, of late

  constructor(video, frame) {
    this.video = video;
    this.frame = frame;
  }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: false });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.running = true;
    this.rate = 0;
    this.loop();
  }

  async loop() {
    let last = performance.now();
    while (this.running) {
      await this.frame(this.video);
      const now = performance.now(), rate = 1000 / (now - last);
      this.rate = this.rate ? 0.9 * this.rate + 0.1 * rate : rate;
      last = now;
      await new Promise(requestAnimationFrame);
    }
  }

  stop() {
    this.running = false;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }
}
