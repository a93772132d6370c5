# bash completion for usherctl(8).  Commands and options are those that
# `usherctl help` shows, names those of the usherd that answers.
# shellcheck shell=bash

# As it was called, or where it is, which a user's PATH may lack.  An usherd
# that hangs must not hold up the shell.
_usherctl_ask() {
	local PATH=$PATH:/usr/local/sbin:/usr/sbin

	timeout 1 "${COMP_WORDS[0]/#\~\//$HOME/}" "$@" 2>/dev/null
}

# The usage of one command, or of all: "usherctl drain [SERVER | --all] ...".
_usherctl_usage() {
	_usherctl_ask help ${1:+"$1"} | grep '^usherctl '
}

_usherctl_servers() {
	_usherctl_ask "$@" status -j |
		sed -n 's/^ *"name": "\([^"]*\)",*$/\1/p'
}

_usherctl_paths() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# What fits "$1" of the words behind it.  bash cuts a word at each `:`, and wants
# what comes after the last.
_usherctl_offer() {
	local cur=$1 before=''

	shift
	case $COMP_WORDBREAKS in
	*:*) before=${cur%"${cur##*:}"} ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
	COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

_usherctl() {
	local line=${COMP_LINE:0:COMP_POINT} cur='' command='' prev usage i
	local -a words=() socket=() choices=()

	# Not COMP_WORDS, where a name with a `:` is several.
	read -ra words <<<"$line"
	case $line in
	*[!\ ]) cur=${words[-1]} && unset 'words[-1]' ;;
	esac
	prev=${words[-1]}
	for ((i = 1; i < ${#words[@]}; i++)); do
		case ${words[i]} in
		-s) socket=(-s "${words[++i]-}") ;;
		-m | --for | --timeout | --settle | --every | --haproxy)
			((i += 1)) ;;
		-*) ;;
		*) [ -n "$command" ] || command=${words[i]} ;;
		esac
	done
	COMPREPLY=()
	case $prev in
	-s | --haproxy) _usherctl_paths "$cur" && return ;;
	-m | --for | --timeout | --settle | --every) return ;;
	esac
	if [ -z "$command" ] || [ "$command" = help ]; then
		mapfile -t choices < <(_usherctl_usage | cut -d ' ' -f 2)
		[ -n "$command" ] || choices+=(-j -q -s)
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
		esac
	fi
	_usherctl_offer "$cur" "${choices[@]}"
}

complete -F _usherctl usherctl
