# shellcheck shell=bash
# Completion of weir(8) for bash. It asks `weir … --help`, so it knows what the program knows.

# _weir_section HELP TITLE: the first column of a section, one entry a line.
_weir_section() {
  local line inside=no
  while IFS= read -r line; do
    case $line in
    "$2:") inside=yes ;;
    '  '[!\ ]*) [[ $inside == no ]] || printf '%s\n' "${line#  }" ;;
    '') ;;
    [!\ ]*) inside=no ;;
    esac
  done <<<"$1" | sed 's/   *.*//'
}

# _weir_options HELP: "--name TYPE" for every name of every option; no TYPE where it takes none.
_weir_options() {
  local names type name
  { _weir_section "$1" Options; _weir_section "$1" 'Common options'; } |
    while read -r names type; do
      for name in ${names//,/ }; do printf '%s %s\n' "$name" "${type%% *}"; done
    done
}

# _weir_values TYPE: what is offered for an option's value or an argument.
_weir_values() {
  case $1 in
  IFACE) ip -o link show 2>/dev/null | sed 's/^[0-9]*: \([^:@]*\).*/\1/' ;;
  MODE) printf '%s\n' observe enforce ;;
  HOW) printf '%s\n' auto native generic tc ;;
  KIND) printf '%s\n' burst sliding ;;
  ACTION) printf '%s\n' drop reset reply challenge ;;
  ORDER) printf '%s\n' count time ;;
  EVENT) printf '%s\n' syn request media ;;
  FILE | PATH | F) compgen -f -- "$2" ;;
  DIR) compgen -d -- "$2" ;;
  esac
}

_weir() {
  local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local help type='' i past=0 commands path=()
  COMPREPLY=()
  [[ $word != '=' ]] || word=
  [[ $before != '=' ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
  help=$("$program" --help 2>/dev/null) || return 0
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == -* ]]; then
      type=$(_weir_options "$help" | awk -v name="${COMP_WORDS[i]}" '$1 == name { print $2 }')
      if [[ -n $type ]]; then
        [[ ${COMP_WORDS[i + 1]:-} != '=' ]] || i=$((i + 1))
        i=$((i + 1))
      fi
      continue
    fi
    commands=$(_weir_section "$help" Commands)
    if grep -qxF -- "${COMP_WORDS[i]}" <<<"$commands"; then
      path+=("${COMP_WORDS[i]}")
      help=$("$program" "${path[@]}" --help 2>/dev/null) || return 0
    else
      past=$((past + 1))
    fi
  done
  type=
  [[ $before != -* ]] || type=$(_weir_options "$help" | awk -v name="$before" '$1 == name { print $2 }')
  if [[ -n $type ]]; then
    commands=$(_weir_values "$type" "$word")
  elif [[ $word == -* ]]; then
    commands=$(_weir_options "$help" | cut -d' ' -f1)
  else
    commands=$(_weir_section "$help" Commands)
    type=$(_weir_section "$help" Arguments | sed -n "$((past + 1))p")
    [[ -z $type ]] || commands=$(_weir_values "${type%% *}" "$word")
  fi
  mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
}

complete -F _weir weir
