complete -c twinseal -f -a '(twinseal complete fish (count (commandline -opc)) -- (commandline -opc) (commandline -ct) 2>/dev/null)'
