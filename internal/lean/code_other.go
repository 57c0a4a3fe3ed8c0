//go:build !linux

package lean

func dropCode() {}
