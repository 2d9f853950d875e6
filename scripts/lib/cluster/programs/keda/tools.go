//go:build tools

// Package tools names what is built here, for `go mod tidy` and for people.
package tools

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
