// Knative's queue-proxy, as its own cmd/queue runs it.
package main

import (
	"os"

	"knative.dev/serving/pkg/queue/sharedmain"
)

func main() {
	if sharedmain.Main() != nil {
		os.Exit(1)
	}
}
