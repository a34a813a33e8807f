#!/bin/sh
# Does the library call an allocating function that the tests cannot make fail?
# complete.sh LIBRARY WRAPPED...
set -eu
library=$1
shift
known='malloc|calloc|realloc|reallocarray|aligned_alloc|memalign|valloc|pvalloc|posix_memalign'
known="$known|str_?n?dup|__strdup|v?asprintf|getline|getdelim|open_memstream|realpath|fopen|fopen64|fdopen|tmpfile|popen"
known="$known|opendir|fdopendir|scandir|scandir64|glob|mmap|mmap64|mremap|sbrk"
known="$known|pthread_(create|mutex_init|cond_init|rwlock_init|barrier_init|key_create|spin_init)|sem_init|thrd_create"
used=$(nm -u "$library" | awk 'NF == 2 && $1 == "U" {print $2}' | sort -u | grep -xE "$known")
[ -n "$used" ] || { echo "no allocation found at all in $library"; exit 1; }
bad=0
for name in $used; do
    case " $* " in
    *" $name "*) ;;
    *) echo "$name is used and not wrapped"; bad=1 ;;
    esac
done
exit $bad
