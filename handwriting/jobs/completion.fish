# Completion of handwriting in fish: handwriting completion fish | source
function __handwriting_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($typed[1] completion words $typed[2..-1] "$word" 2>/dev/null)
    if test "$found" = :files
        set -l key (string match -r '^[^=]*=' -- "$word")
        for path in (__fish_complete_path (string replace -r '^[^=]*=' '' -- "$word"))
            echo "$key$path"
        end
        return
    end
    string join \n -- $found
end
complete -c handwriting -f -a '(__handwriting_complete)'
