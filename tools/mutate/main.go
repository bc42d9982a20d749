// Command mutate says how many small changes of a package its tests notice. It draws some of the changes that are
// possible (an operator swapped, a statement left out, a number off by one), makes one at a time by the overlay of the
// go command, so that no file is touched, and runs the tests that it is told hold the package, from quick to slow,
// until one fails.
//
//	go run ./tools/mutate [-n 30] [-seed 1] [-at REGEXP] PACKAGE TESTS…
//
// The tests run with -short. A change that does not compile is drawn again; one with which the tests do not end is
// noticed. With -at, all changes whose lines in the report match are made: those that lived, once there is a test for
// them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 30, "how many changes to make")
	seed := flag.Uint64("seed", 1, "what decides which changes are drawn")
	at := flag.String("at", "",
		"make all changes that match, instead of drawing: `REGEXP` of file:line:column and change")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *n, *seed, *at, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int, seed uint64, at string, packages []string) error {
	if len(packages) < 2 {
		return errors.New("name the package to change and the packages of tests that hold it")
	}
	only, err := regexp.Compile(at)
	if err != nil {
		return err
	}
	changes, err := possible(packages[0])
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d small changes are possible\n", packages[0], len(changes))
	if at != "" {
		changes = slices.DeleteFunc(changes, func(c change) bool { return !only.MatchString(c.String()) })
		n = len(changes)
	}
	suites, err := measure(ctx, packages[1:])
	if err != nil {
		return err
	}
	overlay, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(overlay) //nolint:errcheck // of temporary files

	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same changes for the same seed
	random.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	made, noticed := 0, 0
	for _, c := range changes {
		if made == n {
			break
		}
		what, err := try(ctx, c, overlay, packages[0], suites)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if what == "" { // it does not compile
			continue
		}
		made++
		if what != lived {
			noticed++
		}
		fmt.Printf("%-40s %s\n", what, c)
		if what == lived {
			fmt.Print(c.diff())
		}
	}
	low, high := interval(noticed, made)
	fmt.Printf("%s: %d of %d noticed, %.0f %% (95 %%: %.0f to %.0f)\n", packages[0], noticed, made,
		100*float64(noticed)/float64(max(made, 1)), 100*low, 100*high)
	return nil
}

// A suite is a package of tests and the time that it takes.
type suite struct {
	name string
	took time.Duration
}

// measure runs the tests of packages as they are, which must pass, and orders them from quick to slow.
func measure(ctx context.Context, packages []string) ([]suite, error) {
	suites := make([]suite, len(packages))
	for i, p := range packages {
		// it is built before time is taken
		if out, err := test(ctx, suite{p, 10 * time.Minute}, "-run=^$"); err != nil {
			return nil, fmt.Errorf("%s does not build: %s", p, out)
		}
		begin := time.Now()
		if out, err := test(ctx, suite{p, 10 * time.Minute}); err != nil {
			return nil, fmt.Errorf("%s fails without a change: %s", p, out)
		}
		suites[i] = suite{p, time.Since(begin)}
	}
	slices.SortFunc(suites, func(a, b suite) int { return int(a.took - b.took) })
	return suites, nil
}

// test runs the tests of a suite. They may take four times as long as they did, and half a minute.
func test(ctx context.Context, s suite, args ...string) (string, error) {
	args = append([]string{
		"test", "-short", "-count=1", "-failfast", "-vet=off", "-timeout",
		(4*s.took + 30*time.Second).String(),
	}, args...)
	out, err := exec.CommandContext(ctx, "go", append(args, s.name)...).CombinedOutput()
	return string(out), err
}

const lived = "LIVED"

// try makes one change and returns what became of it: noticed with the package that did, lived, or nothing if it does
// not compile.
func try(ctx context.Context, c change, dir, pkg string, suites []suite) (string, error) {
	path, err := filepath.Abs(c.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, c.apply(), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", err
	}
	if exec.CommandContext(ctx, "go", "build", "-overlay", overlay, pkg).Run() != nil {
		return "", nil //nolint:nilerr // it is drawn again
	}
	for _, s := range suites {
		out, err := test(ctx, s, "-overlay", overlay)
		switch {
		case err == nil:
		case strings.Contains(out, "[build failed]"):
			return "", nil
		case strings.Contains(out, "panic: test timed out"):
			return "noticed, out of time: " + s.name, nil
		default:
			return "noticed: " + s.name, nil
		}
	}
	return lived, nil
}

// interval returns Wilson's 95 % interval for a share of which some out of all were seen.
func interval(some, all int) (low, high float64) {
	if all == 0 {
		return 0, 1
	}
	const z = 1.96
	n, p := float64(all), float64(some)/float64(all)
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return (middle - half) / (1 + z*z/n), (middle + half) / (1 + z*z/n)
}
