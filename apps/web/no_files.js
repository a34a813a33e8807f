// For emscripten: there are no files. Without this opening one gives the number of standard input.
mergeInto(LibraryManager.library, {
  __syscall_open: function () {
    return -44; // ENOENT
  },
});
