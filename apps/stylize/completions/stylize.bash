# bash completion for stylize

_stylize_words() {
    case $1 in
    sheet) echo "--lang --style-image --styles --strength --style-scale --look --preserve-color --method --iterations --time-budget \
        --optimizer --seed --output --size \
        --format --quality --force --tolerant --columns --engine --device --threads --precision --memory --models --style-dir \
        --json --quiet --verbose --help" ;;
    video) echo "--style --style-image --mask --style-mask --strength --style-scale --look --preserve-color --method --iterations --time-budget \
        --optimizer --seed --output --size --format --quality --force --tolerant --stability --from --to --codec --crf --container --rate \
        --input-format --engine --device --threads --precision --memory --models --style-dir --json --quiet --verbose --help" ;;
    styles) echo "--lang --ids --models --style-dir --json --quiet --verbose --help" ;;
    style) echo "--effort --photos --name --artist --licence --style-scale --time-budget --preview --seed --engine --device \
        --threads --precision --memory --models --style-dir --json --quiet --verbose --help" ;;
    info) echo "--engine --device --threads --precision --memory --models --style-dir --json --quiet --verbose --help" ;;
    bench) echo "--network --rounds --size --engine --device --threads --precision --memory --models --style-dir --json \
        --quiet --verbose --help" ;;
    *) echo "--style --style-image --mask --style-mask --strength --style-scale --look --preserve-color --method --iterations --time-budget \
        --optimizer --preview --seed --output --size \
        --format --depth --quality --keep-metadata --force --tolerant --recursive --resume --jobs --engine --device --threads --precision \
        --memory --models --style-dir --json --quiet --verbose --help --version" ;;
    esac
}

_stylize() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=paint word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in sheet | video | styles | style | info | bench) command=$word; break ;; esac
    done
    case $prev in
    -s | --style | --styles)
        # A blend: complete the id after the last comma.
        local head=
        [[ $cur == *,* ]] && head=${cur%,*},
        mapfile -t COMPREPLY < <(compgen -P "$head" -W "$("${COMP_WORDS[0]}" styles --ids 2>/dev/null)" -- "${cur##*,}")
        compopt -o nospace 2>/dev/null
        return ;;
    --method) mapfile -t COMPREPLY < <(compgen -W "auto fast any optimize" -- "$cur"); return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W "jpeg png webp tiff avif" -- "$cur"); return ;;
    --container) mapfile -t COMPREPLY < <(compgen -W "matroska mp4 webm y4m nut mpegts" -- "$cur"); return ;;
    --keep-metadata) mapfile -t COMPREPLY < <(compgen -W "copyright exif icc all" -- "$cur"); return ;;
    --depth) mapfile -t COMPREPLY < <(compgen -W "8 16" -- "$cur"); return ;;
    --engine) mapfile -t COMPREPLY < <(compgen -W "auto native torch" -- "$cur"); return ;;
    --device) mapfile -t COMPREPLY < <(compgen -W "auto cpu cuda" -- "$cur"); return ;;
    --precision) mapfile -t COMPREPLY < <(compgen -W "fp32 fp16 int8 tf32" -- "$cur"); return ;;
    --lang) mapfile -t COMPREPLY < <(compgen -W "en zh" -- "$cur"); return ;;
    --network) mapfile -t COMPREPLY < <(compgen -W "brush any" -- "$cur"); return ;;
    --effort) mapfile -t COMPREPLY < <(compgen -W "fast good best" -- "$cur"); return ;;
    --models | --style-dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --optimizer) mapfile -t COMPREPLY < <(compgen -W "lbfgs adam" -- "$cur"); return ;;
    --strength | --stability | --from | --to | --codec | --crf | --rate | --input-format | --style-scale | --look | --iterations | --time-budget | --seed | --size | --quality | --jobs | -j | --columns | --rounds | --threads | -t | \
        --memory) return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_stylize_words "$command")" -- "$cur")
        return
    fi
    [[ $COMP_CWORD == 1 ]] && mapfile -t COMPREPLY < <(compgen -W "sheet video styles style info bench" -- "$cur")
    [[ $COMP_CWORD == 2 && $prev == style ]] && mapfile -t COMPREPLY < <(compgen -W "add list show remove" -- "$cur")
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null
}

complete -F _stylize stylize
