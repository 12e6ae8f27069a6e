package main

import (
	"fmt"
	"runtime"
)

// version is set by the linker; a build without make has none.
var version = "unknown"

type versionCommand struct{}

// Run prints one line: program, version, compiler, platform.
func (versionCommand) Run() error {
	_, err := fmt.Printf("incamera %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
