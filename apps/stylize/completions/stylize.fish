# fish completion for stylize

function __stylize_command
    for word in (commandline -opc)[2..-1]
        if contains -- $word sheet video styles style info bench
            echo $word
            return
        end
    end
    echo paint
end

function __stylize_in
    contains -- (__stylize_command) $argv
end

# The id after the last comma of a blend.
function __stylize_ids
    set -l head (string match -r '.*,' -- (commandline -ct))
    for id in (stylize styles --ids 2>/dev/null)
        echo "$head$id"
    end
end

complete -c stylize -n '__fish_is_first_arg' -a 'sheet video styles style info bench'

complete -c stylize -n '__stylize_in paint video' -s s -l style -x -a '(__stylize_ids)' -d 'Library style or blend'
complete -c stylize -n '__stylize_in sheet' -l styles -x -a '(__stylize_ids)' -d 'Styles of the sheet'
complete -c stylize -n '__stylize_in sheet' -l columns -x -d 'Pictures in a row'
complete -c stylize -n '__stylize_in paint video sheet' -s i -l style-image -r -d 'Any picture as style'
complete -c stylize -n '__stylize_in paint video sheet' -l strength -x -d '0: the photograph, 1: the full style'
complete -c stylize -n '__stylize_in paint video' -l mask -r -d 'Where the style before it is painted'
complete -c stylize -n '__stylize_in paint video' -l style-mask -r -d 'Which part of the style picture is read'
complete -c stylize -n '__stylize_in paint video sheet style' -l style-scale -x -d 'Size of the strokes, 0.5 to 8'
complete -c stylize -n '__stylize_in paint video sheet' -l look -x -d 'Strokes as in a painting of this size'
complete -c stylize -n '__stylize_in paint video sheet' -l preserve-color -d 'Keep the colours of the photograph'
complete -c stylize -n '__stylize_in paint video sheet' -l method -x -a 'auto fast any optimize' -d Method
complete -c stylize -n '__stylize_in paint video sheet' -l iterations -x -d 'Steps of the method optimize'
complete -c stylize -n '__stylize_in paint video sheet style' -l time-budget -x -d 'Seconds for the method optimize'
complete -c stylize -n '__stylize_in paint video sheet' -l optimizer -x -a 'lbfgs adam' -d 'Of the method optimize'
complete -c stylize -n '__stylize_in paint style' -l preview -r -d 'Picture of optimize as it grows'
complete -c stylize -n '__stylize_in paint video sheet style' -l seed -x -d Seed
complete -c stylize -n '__stylize_in paint video sheet' -s o -l output -r -d Output
complete -c stylize -n '__stylize_in paint video sheet bench' -l size -x -d 'Longer side, or WxH'
complete -c stylize -n '__stylize_in paint sheet video' -l format -x -a 'jpeg png webp tiff avif' -d Format
complete -c stylize -n '__stylize_in paint sheet video' -l quality -x -d 'Of JPEG and WebP'
complete -c stylize -n '__stylize_in paint' -l depth -x -a '8 16' -d 'Bits a channel'
complete -c stylize -n '__stylize_in paint' -l keep-metadata -x -a 'copyright exif icc all' -d 'Of the photograph'
complete -c stylize -n '__stylize_in paint video sheet' -s f -l force -d Overwrite
complete -c stylize -n '__stylize_in paint video sheet' -l tolerant -d 'Paint damaged pictures as far as they go'
complete -c stylize -n '__stylize_in paint' -s r -l recursive -d 'With the folders inside'
complete -c stylize -n '__stylize_in paint' -l resume -d 'Leave out what was painted before'
complete -c stylize -n '__stylize_in paint' -s j -l jobs -x -d 'Pictures in work at once'
complete -c stylize -n '__stylize_in video' -l stability -x -d '0: each frame for itself, 1: as still as can be'
complete -c stylize -n '__stylize_in video' -l from -x -d 'Where it begins'
complete -c stylize -n '__stylize_in video' -l to -x -d 'Where it ends'
complete -c stylize -n '__stylize_in video' -l codec -x -a 'libx264 libx265 libvpx-vp9' -d 'Encoder of FFmpeg'
complete -c stylize -n '__stylize_in video' -l crf -x -d 'Less is better and larger'
complete -c stylize -n '__stylize_in video' -l container -x -a 'matroska mp4 webm y4m nut mpegts' -d 'Kind of file'
complete -c stylize -n '__stylize_in video' -l rate -x -d 'Frames a second of a folder, or a camera'
complete -c stylize -n '__stylize_in video' -l input-format -x -d 'What the input is, by the name of FFmpeg'
complete -c stylize -n '__stylize_in styles sheet' -l lang -x -a 'en zh' -d 'Language of the names'
complete -c stylize -n '__stylize_in styles' -l ids -d 'The ids only'
complete -c stylize -n '__stylize_in bench' -l network -x -a 'brush any' -d Network
complete -c stylize -n '__stylize_in bench' -l rounds -x -d 'Measured runs'
complete -c stylize -n 'not __stylize_in styles' -l engine -x -a 'auto native torch' -d Engine
complete -c stylize -n 'not __stylize_in styles' -l device -x -a 'auto cpu cuda cuda:all' -d Device
complete -c stylize -n 'not __stylize_in styles' -s t -l threads -x -d 'Worker threads'
complete -c stylize -n 'not __stylize_in styles' -l precision -x -a 'fp32 fp16 int8 tf32' -d Precision
complete -c stylize -n 'not __stylize_in styles' -l memory -x -a '256M 512M 1G 2G' -d 'For one picture'
complete -c stylize -n '__stylize_in style' -a 'add list show remove'
complete -c stylize -n '__stylize_in style' -l effort -x -a 'fast good best' -d 'How much work'
complete -c stylize -n '__stylize_in style' -l photos -r -d 'Pictures to practise on'
complete -c stylize -n '__stylize_in style' -l name -x -d 'Name for people'
complete -c stylize -n '__stylize_in style' -l artist -x -d 'Who painted it'
complete -c stylize -n '__stylize_in style' -l licence -x -d 'Terms of the artwork'
complete -c stylize -l style-dir -x -a '(__fish_complete_directories)' -d 'Folder with styles of your own'
complete -c stylize -l models -x -a '(__fish_complete_directories)' -d 'Folder with models and styles'
complete -c stylize -l json -d 'Results as JSON'
complete -c stylize -s q -l quiet -d 'Errors only'
complete -c stylize -s v -l verbose -d 'The log of the library'
complete -c stylize -s h -l help -d Help
complete -c stylize -s V -l version -d Version
