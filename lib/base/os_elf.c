/* What a library was linked with, read from its file: asking the loader would load it. */
#include "base/os.h"

#include <string.h>

#if defined(__linux__) || defined(__FreeBSD__)

#include <link.h>

#include "base/common.h"

#if __SIZEOF_POINTER__ == 8
#define ELF_CLASS ELFCLASS64
#else
#define ELF_CLASS ELFCLASS32
#endif

typedef struct elf {
    const char *data;
    size_t size;
    size_t phdrs, phdr_count;
    size_t strings, string_size; /* the dynamic string table */
} elf;

/* Copies an object out of the file, which need not be aligned. */
static bool fetch(const elf *e, size_t offset, void *out, size_t size)
{
    size_t end;
    if (!stz_add(offset, size, &end) || end > e->size)
        return false;
    memcpy(out, e->data + offset, size);
    return true;
}

static bool program_header(const elf *e, size_t index, ElfW(Phdr) * out)
{
    size_t offset;
    return stz_mul(index, sizeof *out, &offset) && stz_add(offset, e->phdrs, &offset) &&
           fetch(e, offset, out, sizeof *out);
}

/* Where an address of the loaded library lies in the file. */
static bool file_offset(const elf *e, size_t address, size_t *offset)
{
    ElfW(Phdr) p;
    for (size_t i = 0; i < e->phdr_count && program_header(e, i, &p); i++)
        if (p.p_type == PT_LOAD && address >= p.p_vaddr && address - p.p_vaddr < p.p_filesz)
            return stz_add(p.p_offset, address - p.p_vaddr, offset);
    return false;
}

static bool copy_string(const elf *e, size_t at, char *out, size_t size)
{
    if (at >= e->string_size)
        return false;
    const char *s = e->data + e->strings + at;
    const size_t length = strnlen(s, e->string_size - at);
    if (length == e->string_size - at || length >= size)
        return false;
    memcpy(out, s, length + 1);
    return true;
}

static bool open_elf(elf *e, ElfW(Phdr) * dynamic)
{
    ElfW(Ehdr) h;
    if (!fetch(e, 0, &h, sizeof h) || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 ||
        h.e_ident[EI_CLASS] != ELF_CLASS || h.e_phentsize != sizeof *dynamic)
        return false;
    e->phdrs = h.e_phoff;
    e->phdr_count = h.e_phnum;
    for (size_t i = 0; i < e->phdr_count && program_header(e, i, dynamic); i++)
        if (dynamic->p_type == PT_DYNAMIC)
            return true;
    return false;
}

/* Entry number i of the dynamic section; false at its end. */
static bool entry(const elf *e, const ElfW(Phdr) * dynamic, size_t i, ElfW(Dyn) * out)
{
    size_t offset;
    return i < dynamic->p_filesz / sizeof *out && stz_add(dynamic->p_offset, i * sizeof *out, &offset) &&
           fetch(e, offset, out, sizeof *out) && out->d_tag != DT_NULL;
}

static bool find_strings(elf *e, const ElfW(Phdr) * dynamic)
{
    ElfW(Dyn) d;
    size_t end;
    bool found = false;
    for (size_t i = 0; entry(e, dynamic, i, &d); i++) {
        if (d.d_tag == DT_STRTAB)
            found = file_offset(e, d.d_un.d_ptr, &e->strings);
        else if (d.d_tag == DT_STRSZ)
            e->string_size = d.d_un.d_val;
    }
    return found && stz_add(e->strings, e->string_size, &end) && end <= e->size;
}

bool stz_elf_needs(const void *data, size_t size, const char *prefix, char *needed, size_t needed_size,
                   char *runpath, size_t runpath_size)
{
    elf e = {.data = data, .size = size};
    ElfW(Phdr) dynamic;
    if (!open_elf(&e, &dynamic) || !find_strings(&e, &dynamic))
        return false;
    ElfW(Dyn) d;
    bool found = false;
    runpath[0] = 0;
    for (size_t i = 0; entry(&e, &dynamic, i, &d); i++) {
        if (d.d_tag == DT_NEEDED && !found)
            found = copy_string(&e, d.d_un.d_val, needed, needed_size) &&
                    strncmp(needed, prefix, strlen(prefix)) == 0;
        else if ((d.d_tag == DT_RUNPATH || d.d_tag == DT_RPATH) &&
                 !copy_string(&e, d.d_un.d_val, runpath, runpath_size))
            runpath[0] = 0;
    }
    return found;
}

#else

bool stz_elf_needs(const void *data, size_t size, const char *prefix, char *needed, size_t needed_size,
                   char *runpath, size_t runpath_size)
{
    return false;
}

#endif
