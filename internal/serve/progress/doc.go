// Package progress tells how a run goes, to whoever watches it: as the state of
// every node and as a stream of events that can be taken up again where it broke
// off.
//
// It promises: everything told comes from the engine's events or, where no
// engine knows the run, from the receipts in the store; an event is told once,
// in order, also to a client that reconnects, and also when another process
// answers then. It keeps nothing that the store does not have.
package progress
