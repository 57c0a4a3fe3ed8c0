// Package lean gives memory back that a long-running program needed only for a
// while.
//
// It promises nothing but to make the program smaller where the system lets it:
// what was given back and is needed again is read again.
package lean

import "runtime/debug"

// Down gives back what the garbage collector holds without need, and those pages
// of the program itself that only its start needed: a program with large
// libraries touches most of itself once, when these set up their tables.
func Down() {
	debug.FreeOSMemory()
	dropCode()
}
