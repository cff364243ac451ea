# Which faults of faults.list cannot be planted any more: their text does not stand in their file exactly
# once. Says where it stands now, or which line of the file is most like it, and fails.

function words(text, set,    list, n, i) {
	split("", set)
	n = split(text, list, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++)
		if (list[i] != "")
			set[list[i]] = 1
}

function nearest(file, text,    line, at, n, best, most, set, mine, all, w) {
	words(text, mine)
	best = "no line is like it"
	while ((getline line < file) > 0) {
		at++
		words(line, set)
		n = all = 0
		for (w in set) {
			all++
			n += w in mine
		}
		if (n && 2 * n - all / 4 > most) {
			most = 2 * n - all / 4
			sub(/^[ \t]+/, "", line)
			best = "most like it is line " at ": " line
		}
	}
	close(file)
	return best
}

function elsewhere(text,    cmd, line, quoted) {
	quoted = text
	gsub(/'/, "'\\''", quoted)
	cmd = "grep -rnF --include='*.[ch]' -m1 -e '" quoted "' compiler capspec"
	line = ""
	cmd | getline line
	close(cmd)
	return match(line, /^[^:]*:[0-9]*/) ? substr(line, 1, RLENGTH) : ""
}

function stale(f, n,    file, at) {
	file = file_of[f]
	printf "STALE %s:%d: %s: %s\n", list, line_of[f], file, what[f]
	printf "  text: %s\n", old[f]
	if (!read[file])
		printf "  the file is not there\n"
	else if (n > 1)
		printf "  it stands %d times in the file: take more of the line\n", n
	if (n <= 1 && (at = elsewhere(old[f])) != "")
		printf "  it stands now in %s\n", at
	else if (n == 0 && read[file])
		printf "  %s\n", nearest(file, old[f])
	bad++
}

FNR == 1 { list = FILENAME }
/^@ / {
	k++
	text = substr($0, 3)
	at = index(text, ": ")
	file_of[k] = substr(text, 1, at - 1)
	what[k] = substr(text, at + 2)
	line_of[k] = FNR
	wanted[file_of[k]] = wanted[file_of[k]] " " k
}
/^- / { old[k] = substr($0, 3) }
/^[+] / { new[k] = substr($0, 3) }

END {
	for (file in wanted) {
		n = split(wanted[file], fault, " ")
		while ((getline line < file) > 0) {
			read[file] = 1
			for (i = 1; i <= n; i++)
				if (at = index(line, old[fault[i]])) {
					times[fault[i]]++
					if (index(substr(line, at + 1), old[fault[i]]))
						times[fault[i]]++
				}
		}
		close(file)
	}
	for (f = 1; f <= k; f++)
		if (old[f] == "" || new[f] == old[f]) {
			printf "%s:%d: a fault takes a line \"- \" and another line \"+ \"\n", list, line_of[f]
			bad++
		} else if (times[f] != 1)
			stale(f, times[f] + 0)
	if (bad)
		printf "%d of %d faults cannot be planted\n", bad, k
	exit bad > 0
}
