package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/neo4jserver"
)

// family is every process the benchmark has started; all of them end with it.
type family struct {
	logs string // folder of their logs

	mu       sync.Mutex
	children []interface{ Stop() }
}

func (f *family) add(k interface{ Stop() }) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.children = append(f.children, k)
}

// stop ends all of them, the last started first.
func (f *family) stop() {
	f.mu.Lock()
	children := f.children
	f.children = nil
	f.mu.Unlock()
	for i := len(children) - 1; i >= 0; i-- {
		children[i].Stop()
	}
}

// child is a server that was started.
type child struct {
	name, host string // host:port it answers on
	cmd        *exec.Cmd
	gone       chan struct{}
	once       sync.Once
}

// Stop ends the process and waits until it is gone.
func (c *child) Stop() {
	c.once.Do(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
		select {
		case <-c.gone:
		case <-time.After(15 * time.Second):
			_ = c.cmd.Process.Kill()
			<-c.gone
		}
	})
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// start runs a server and waits for the line with its address, which stands behind a text, up to the next slash.
func (f *family) start(ctx context.Context, name, before string, env []string, args ...string) (*child, error) {
	log, err := os.Create(filepath.Join(f.logs, name+".log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // Stop ends it, and waits
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = log
	cmd.SysProcAttr = neo4jserver.DieWithParent()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	c := &child{name: name, cmd: cmd, gone: make(chan struct{})}
	f.add(c)
	found := make(chan string, 1)
	go func() {
		defer close(c.gone)
		defer log.Close()
		sc := bufio.NewScanner(out)
		for sc.Scan() {
			fmt.Fprintln(log, sc.Text())
			if _, rest, ok := strings.Cut(sc.Text(), before); ok {
				host, _, _ := strings.Cut(rest, "/")
				select {
				case found <- host:
				default:
				}
			}
		}
		_, _ = io.Copy(log, out) // what is too long for a line
		_ = cmd.Wait()           // how it ended stands in its log
	}()
	select {
	case c.host = <-found:
		return c, nil
	case <-c.gone:
		return nil, fmt.Errorf("%s ended at once; its log: %s", name, log.Name())
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(3 * time.Minute):
		return nil, fmt.Errorf("%s did not start; its log: %s", name, log.Name())
	}
}

// tick is Linux's unit of CPU time in /proc: USER_HZ is 100 on every platform that Go runs on.
const tick = 10 * time.Millisecond

// cpuTime is the CPU time a process has taken so far, 0 where it cannot be known.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return parseStat(string(b))
}

// parseStat takes user and system time out of /proc/PID/stat.
func parseStat(s string) time.Duration {
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:]) // the name in parentheses may hold anything
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * tick
}

// memory is what a process has in memory (RSS), in bytes, 0 where it cannot be known.
func memory(pid int) int64 { return status(pid, "VmRSS") }

// highWater is the most memory that a process has had, 0 when it has ended.
func highWater(pid int) int64 { return status(pid, "VmHWM") }

// status is a size that the kernel tells of a process, in bytes.
func status(pid int, key string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	return parseStatus(string(b), key)
}

func parseStatus(s, key string) int64 {
	for line := range strings.Lines(s) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// machine is what the figures were measured on.
type machine struct {
	CPU           string
	Cores         int
	Memory        int64
	OS            string
	Go, Neo4j     string
	Node, Peer    string
	Java, Version string // of Throughline: the commit
}

func lookAround(ctx context.Context) machine {
	m := machine{
		Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		Neo4j: neo4jserver.Version(),
	}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, _ := strings.Cut(line, ":"); strings.TrimSpace(k) == "model name" {
				m.CPU = strings.TrimSpace(v)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.Memory = parseStatus(string(b), "MemTotal")
	}
	say := func(args ...string) string {
		out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return "unknown"
		}
		line, _, _ := strings.Cut(string(out), "\n")
		return strings.TrimSpace(line)
	}
	m.Node = say("node", "--version")
	m.Java = say("java", "-version")
	m.Version = say("git", "describe", "--always", "--dirty")
	return m
}
