// Command brandmelder is the fire alarm of a care institution's network.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "devel"

// Exit codes: what a script can branch on.
const (
	exitBad = 1 // it ran, and found what it was asked about to be bad
	exitUse = 2 // wrong use or wrong configuration; of status too: nothing is seen
)

// exitError carries an exit code; without an error that was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// bad is an error for exit code 1.
func bad(format string, args ...any) error { return &exitError{exitBad, fmt.Errorf(format, args...)} }

// rootCommand is the program with all of its verbs.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "brandmelder",
		Short:         "The fire alarm of a care institution's network",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		alertsCommand(),
		checkCommand(),
		exerciseCommand(),
		ifaceCommand(),
		journalCommand(),
		listCommand(),
		manualCommand(),
		replayCommand(),
		rulesCommand(), elasticCommand(),
		runCommand(),
		setupCommand(),
		shipCommand(),
		statusCommand(), topCommand(),
		supportCommand(),
		suppressCommand(),
		upgradeCommand(),
		versionCommand(),
	)
	return root
}

// garbagePercent is how much the heap may grow before it is collected. Most of it
// is tables that are as large from the first minute as after a year, so that the
// usual 100 would only let them stand there twice: 60 takes a fifth less memory for
// 3 % more time on a mix of protocols.
const garbagePercent = 60

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("BRANDMELDER_LOG") == "debug" {
		slog.SetLogLoggerLevel(slog.LevelDebug)
	}
	err := rootCommand().Execute()
	if err == nil {
		return
	}
	var e *exitError
	if errors.As(err, &e) && e.err == nil { // said already
		os.Exit(e.code)
	}
	fmt.Fprintln(os.Stderr, "brandmelder:", err)
	if e != nil {
		os.Exit(e.code)
	}
	os.Exit(exitUse)
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  cobra.NoArgs,
		Run:   func(c *cobra.Command, _ []string) { fmt.Fprintln(c.OutOrStdout(), "brandmelder", version) },
	}
}
