// Judges histories of one record by Porcupine: one JSON array of operations a line in, `true` or `false` a line out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/anishathalye/porcupine"
)

type operation struct {
	Begin int64  `json:"begin"`
	End   *int64 `json:"end"` // null: it had no answer
	Input input  `json:"input"`
	// Absent: it had no answer.
	Output *output `json:"output"`
}

type input struct {
	Kind      string `json:"kind"`
	Value     string `json:"value"`
	IfVersion *int   `json:"ifVersion"`
}

type output struct {
	Stale   bool   `json:"stale"`
	Version int    `json:"version"`
	Value   string `json:"value"`
}

type state struct {
	Version int
	Value   string
}

// A versioned FHIR resource that carries one value (R4 http.html#concurrency).
var record = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(before, in, out any) (bool, any) {
		now, asked, answered := before.(state), in.(input), out.(*output)
		if asked.Kind == "read" {
			return answered == nil || (!answered.Stale && state{answered.Version, answered.Value} == now), now
		}
		isStale := asked.IfVersion != nil && *asked.IfVersion != now.Version
		if answered != nil && answered.Stale {
			return isStale, now
		}
		if isStale {
			return answered == nil, now
		}
		after := state{now.Version + 1, asked.Value}
		return answered == nil || state{answered.Version, answered.Value} == after, after
	},
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 10_000_000)
	for lines.Scan() {
		var history []operation
		if err := json.Unmarshal(lines.Bytes(), &history); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		judged := make([]porcupine.Operation, len(history))
		for n, one := range history {
			end := int64(math.MaxInt64)
			if one.End != nil {
				end = *one.End
			}
			judged[n] = porcupine.Operation{ClientId: n, Input: one.Input, Call: one.Begin, Output: one.Output, Return: end}
		}
		fmt.Println(porcupine.CheckOperations(record, judged))
	}
}
