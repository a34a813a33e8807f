/* Stands for a libtorch or for a plugin of another version; what counts is its file name. */
int stz_torch_abi(void);
__attribute__((visibility("default"))) int stz_torch_abi(void) { return 0; }
