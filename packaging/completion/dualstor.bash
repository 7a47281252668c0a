# bash completion of dualstor; made by: dualstor completion bash
_dualstor() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} sub= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || { sub=${COMP_WORDS[i]}; break; }
    done
    COMPREPLY=()
    case "$sub $before" in
        'check --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'check --peer') COMPREPLY=($(compgen -A hostname -- "$word")); return ;;
        'check --root') COMPREPLY=($(compgen -d -- "$word")); return ;;
        'check --cib') COMPREPLY=($(compgen -f -- "$word")); return ;;
        'check --generation') COMPREPLY=($(compgen -W 'auto cman lvmlockd' -- "$word")); return ;;
        'check --record') COMPREPLY=($(compgen -f -- "$word")); return ;;
        'configure --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'configure --answers') COMPREPLY=($(compgen -f -- "$word")); return ;;
        'configure --node') return ;;
        'configure --fence') return ;;
        'configure --generation') COMPREPLY=($(compgen -W 'lvmlockd lvmlockd-pacemaker2.0 lvmlockd-corosync2 clvmd cman' -- "$word")); return ;;
        'configure --drbd') COMPREPLY=($(compgen -W '8.3 8.4 9' -- "$word")); return ;;
        'configure --first-sync') COMPREPLY=($(compgen -W 'full skip' -- "$word")); return ;;
        'configure --cluster') return ;;
        'configure --resource') return ;;
        'configure --disk') return ;;
        'configure --minor') return ;;
        'configure --port') return ;;
        'configure --vg') return ;;
        'configure --lv') return ;;
        'configure --size') return ;;
        'configure --property') return ;;
        'configure --format') COMPREPLY=($(compgen -W 'pcs crm cib' -- "$word")); return ;;
        'configure --migrate') return ;;
        'configure --output') COMPREPLY=($(compgen -d -- "$word")); return ;;
        'configure --root') COMPREPLY=($(compgen -d -- "$word")); return ;;
        'status --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'status --interval') return ;;
        'status --wait') return ;;
        'status --peer') COMPREPLY=($(compgen -A hostname -- "$word")); return ;;
        'volume --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'volume -L'|'volume --size') return ;;
        'volume --timeout') return ;;
        'completion --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'install-agents --color') COMPREPLY=($(compgen -W 'auto always never' -- "$word")); return ;;
        'install-agents --root') COMPREPLY=($(compgen -d -- "$word")); return ;;
    esac
    case "$sub" in
        '') COMPREPLY=($(compgen -W '-h --help --version check configure status volume completion install-agents' -- "$word")) ;;
        'check') COMPREPLY=($(compgen -W '-h --help --json --color --peer --root --cib --generation --record --quiet' -- "$word")) ;;
        'configure') COMPREPLY=($(compgen -W '-h --help --json --color --answers --node --fence --generation --drbd --first-sync --cluster --resource --disk --minor --port --vg --lv --size --property --format --migrate --output --apply --steps --yes --root' -- "$word")) ;;
        'status') COMPREPLY=($(compgen -W '-h --help --json --color --watch --interval --wait --peer' -- "$word")) ;;
        'volume') COMPREPLY=($(compgen -W '-h --help --json --color -L --size --exclusive --timeout create grow rename remove exclusive shared list wait' -- "$word")) ;;
        'completion') COMPREPLY=($(compgen -W '-h --help --json --color bash zsh fish' -- "$word")) ;;
        'install-agents') COMPREPLY=($(compgen -W '-h --help --json --color --root --remove' -- "$word")) ;;
    esac
}
complete -o filenames -F _dualstor dualstor
