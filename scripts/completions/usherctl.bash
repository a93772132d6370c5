# bash completion for usherctl(8).  Commands and options are those that
# `usherctl help` shows, names those of the usherd that answers.
# shellcheck shell=bash

# The usage of one command, or of all: "usherctl drain [SERVER | --all] ...".
_usherctl_usage() {
	usherctl help ${1:+"$1"} 2>/dev/null | grep '^usherctl '
}

_usherctl_servers() {
	usherctl "$@" status -j 2>/dev/null |
		sed -n 's/^ *"name": "\([^"]*\)",*$/\1/p'
}

# What may stand where a word is a value; false where it is none.
_usherctl_values() {
	case $1 in
	-s | --haproxy) compgen -f -- "$2" ;;
	-m | --for | --timeout | --settle | --every) ;;
	*) return 1 ;;
	esac
}

_usherctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' usage word i
	local -a socket=() choices=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-s) socket=(-s "${COMP_WORDS[++i]}") ;;
		-m | --for | --timeout | --settle | --every | --haproxy)
			((i += 1)) ;;
		-*) ;;
		*) [ -n "$command" ] || command=$word ;;
		esac
	done
	if mapfile -t COMPREPLY < <(_usherctl_values "$prev" "$cur" ||
		echo '#none') && [ "${COMPREPLY[0]-}" != '#none' ]; then
		return
	fi
	if [ -z "$command" ]; then
		mapfile -t choices < <(_usherctl_usage | cut -d ' ' -f 2)
		choices+=(-j -q -s)
	else
		usage=$(_usherctl_usage "$command")
		mapfile -t choices < <(grep -oE -- '(^|[^[:alnum:]-])--?[a-z]+' \
			<<<"$usage" | grep -oE -- '-.*')
		case $usage in
		*SERVER*) mapfile -t -O ${#choices[@]} choices < <(
			_usherctl_servers "${socket[@]}") ;;
		esac
		case $command in
		wait) choices+=(idle serving) ;;
		log-level) choices+=(error warn info debug) ;;
		help) mapfile -t choices < <(
			_usherctl_usage | cut -d ' ' -f 2) ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "${choices[*]}" -- "$cur")
}

complete -F _usherctl usherctl
