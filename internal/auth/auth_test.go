package auth_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/throughline/throughline/internal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// create makes a token in a file.
func create(t *testing.T, path, subject string, role auth.Role, expires time.Time) (string, auth.Token) {
	t.Helper()
	secret, token, err := auth.Create(path, subject, role, noon, expires)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

func open(t *testing.T, path string, now func() time.Time) *auth.Tokens {
	t.Helper()
	tokens, err := auth.Open(path, now)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

func TestATokenIsVerified(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	ann, annToken := create(t, path, "ann", auth.Editor, time.Time{})
	bea, _ := create(t, path, "Bea Ø", auth.Admin, noon.Add(time.Hour))
	now := noon
	tokens := open(t, path, func() time.Time { return now })
	for secret, want := range map[string]string{ann: "ann EDITOR", bea: "Bea Ø ADMIN"} {
		who, err := tokens.Verify(t.Context(), secret)
		if err != nil || who.Subject+" "+who.Role.String() != want || who.Client() != "subject "+who.Subject {
			t.Errorf("%+v %v, want %s", who, err, want)
		}
	}
	// another's id, another's secret, an id alone, one letter changed, anything
	changed := []byte(ann)
	changed[len(changed)-2] ^= 1
	wrong := []string{
		"", "tl_", "ann", annToken.ID, annToken.Hash, string(changed), ann + "x", ann[:len(ann)-1], strings.ToUpper(ann),
		ann[:14] + bea[14:], bea[:14] + ann[14:], strings.Replace(ann, "_", "-", 2), ann[:13] + "." + ann[14:],
		strings.Repeat("x", len(ann)),
	}
	for _, secret := range wrong {
		if who, err := tokens.Verify(t.Context(), secret); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("%q is taken for %+v, %v", secret, who, err)
		}
	}
	now = noon.Add(time.Hour)
	if _, err := tokens.Verify(t.Context(), bea); !errors.Is(err, auth.ErrExpired) {
		t.Errorf("when it has expired: %v", err)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = tokens.Verify(t.Context(), ann) }); got > 0 {
		t.Errorf("%.0f allocations", got)
	}
	raw, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(raw), ann[14:]) || strings.Contains(string(raw), bea[14:]) {
		t.Errorf("%v: the file has a secret: %s", err, raw)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v", st.Mode())
	}
}

// TestTokensAreReadAgain: what is revoked and what is new holds from then on; a damaged file changes nothing.
func TestTokensAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	ann, annToken := create(t, path, "ann", auth.Editor, time.Time{})
	bea, _ := create(t, path, "bea", auth.Reader, time.Time{})
	tokens := open(t, path, at(noon))
	cis, _ := create(t, path, "cis", auth.Curator, time.Time{})
	before, _ := tokens.Verify(t.Context(), bea)
	if _, err := auth.Revoke(path, func(x auth.Token) bool { return x.ID == annToken.ID }); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	knows := func(when string, want map[string]bool) {
		t.Helper()
		for secret, known := range want {
			if _, err := tokens.Verify(t.Context(), secret); (err == nil) != known {
				t.Errorf("%s: %s… is known: %v", when, secret[:14], err == nil)
			}
		}
	}
	knows("before", map[string]bool{ann: true, bea: true, cis: false})
	for _, damaged := range []string{string(whole) + "{", ""} {
		if damaged == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tokens.Reload(); err == nil {
			t.Errorf("%.20q is read", damaged)
		}
		knows("when damaged", map[string]bool{ann: true, bea: true, cis: false})
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	knows("afterwards", map[string]bool{ann: false, bea: true, cis: true})
	if after, _ := tokens.Verify(t.Context(), bea); after != before {
		t.Error("who stays the same is another")
	}
}

// TestAFileThatIsDamagedIsRefused: with the line, and what to do.
func TestAFileThatIsDamagedIsRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens")
	create(t, path, "ann", auth.Editor, time.Time{})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimSpace(string(raw))
	_, other := create(t, filepath.Join(dir, "other"), "x", auth.Reader, time.Time{})
	id := strings.Split(good, `"`)[3]
	for line, want := range map[string]string{
		`{`:          `it is no object of "id"`,
		`[]`:         `it is no object`,
		`null`:       `"id" is not that of a token`,
		good + good:  `it is no object`,
		`ann:EDITOR`: `it is no object`,
		good:         `the id ` + id + ` stands in line 2 too: delete one of them`,
		strings.Replace(good, "created", "creatd", 1):                                           `it is no object`,
		strings.Replace(good, "}", `,"expire":"2026-01-01T00:00:00Z"}`, 1):                      `it is no object`,
		strings.Replace(good, "}", `,"expires":"tomorrow"}`, 1):                                 `the last two as 2026-01-31T00:00:00Z`,
		strings.Replace(good, id, id+"x", 1):                                                    `"id" is not that of a token`,
		strings.Replace(strings.Replace(good, id, other.ID, 1), "EDITOR", "BOSS", 1):            `"role" is no role: write READER, EDITOR, CURATOR or ADMIN`,
		strings.Replace(strings.Replace(good, id, other.ID, 1), "EDITOR", "", 1):                `"role" is no role`,
		strings.Replace(strings.Replace(good, id, other.ID, 1), `"ann"`, `" "`, 1):              `"subject" is empty`,
		strings.Replace(strings.Replace(good, id, other.ID, 1), `"ann"`, `"a\nb"`, 1):           `"subject" has characters that cannot be printed`,
		strings.Replace(strings.Replace(good, id, other.ID, 1), `"sha256":"`, `"sha256":"0`, 1): `"sha256" is not 64 digits of hex`,
		"\xff": `it is not UTF-8`,
	} {
		if err := os.WriteFile(path, []byte("# of the house\n"+good+"\n\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := auth.Open(path, at(noon))
		var file *auth.FileError
		if !errors.As(err, &file) || file.Line != 4 || !strings.Contains(err.Error(), want) || file.Hint == "" {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
		if err != nil && strings.Contains(err.Error(), dir) {
			t.Errorf("it names a path: %v", err)
		}
		if _, _, err := auth.Create(path, "bea", auth.Reader, noon, time.Time{}); err == nil {
			t.Errorf("%s: a token is added to it", line)
		}
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "there is no such file: make one by `throughline token create`",
		dir:                        "the file cannot be read",
	} {
		if _, err := auth.Open(path, at(noon)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestAFileIsChangedByOneAtATime: of many who make and revoke tokens at once none loses another's, each is told or done.
func TestAFileIsChangedByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	create(t, path, "first", auth.Reader, time.Time{})
	var mu sync.Mutex
	want := map[string]bool{"first": true}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			subject := fmt.Sprintf("s%d", i)
			for {
				_, _, err := auth.Create(path, subject, auth.Reader, noon, time.Time{})
				if err == nil {
					break
				}
				if !strings.Contains(err.Error(), "another command changes the file") {
					t.Error(err)
					return
				}
			}
			stays := i%4 != 0
			for !stays {
				_, err := auth.Revoke(path, func(x auth.Token) bool { return x.Subject == subject })
				if err == nil {
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			want[subject] = stays
		})
	}
	all.Wait()
	list, err := auth.List(path)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, x := range list {
		got[x.Subject] = true
	}
	for subject, stays := range want {
		if got[subject] != stays {
			t.Errorf("%s is there: %v", subject, got[subject])
		}
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left over: %v", err)
	}
}

// TestWhatAFileSaysBesideTokensStays: comments, an end without a line break, its mode, and a link that it is behind.
func TestWhatAFileSaysBesideTokensStays(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	_, one := create(t, path, "one", auth.Reader, time.Time{})
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append([]byte("# of the house\n\n"), strings.TrimSpace(string(raw))...), 0o600)
	}
	if err == nil {
		err = os.Chmod(path, 0o640)
	}
	if err == nil {
		err = os.Symlink(path, link)
	}
	if err != nil {
		t.Fatal(err)
	}
	create(t, link, "two", auth.Reader, time.Time{})
	gone, err := auth.Revoke(link, func(x auth.Token) bool { return x.ID == one.ID })
	if err != nil || len(gone) != 1 || gone[0].Subject != "one" {
		t.Errorf("%v %v", gone, err)
	}
	if raw, err = os.ReadFile(path); err != nil || !strings.HasPrefix(string(raw), "# of the house\n\n{") ||
		strings.Count(string(raw), "\n") != 3 {
		t.Errorf("%v %q", err, raw)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link: %v %v", st, err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("the file: %v %v", st, err)
	}
	if _, err := auth.Revoke(path, func(auth.Token) bool { return false }); err == nil || !strings.Contains(err.Error(), "token list") {
		t.Errorf("none fits: %v", err)
	}
}

// TestTokensAreReadWhileTheyAreAsked is for the race detector.
func TestTokensAreReadWhileTheyAreAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	ann, _ := create(t, path, "ann", auth.Editor, time.Time{})
	tokens := open(t, path, at(noon))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				if _, err := tokens.Verify(t.Context(), ann); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		if err := tokens.Reload(); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
}

func TestRoles(t *testing.T) {
	for r := auth.Reader; r <= auth.Admin; r++ {
		if got, ok := auth.ParseRole(r.String()); !ok || got != r {
			t.Errorf("%s is %v", r, got)
		}
	}
	for _, name := range []string{"", "reader", "OWNER"} {
		if _, ok := auth.ParseRole(name); ok {
			t.Errorf("%q is a role", name)
		}
	}
	if auth.From(t.Context()) != nil {
		t.Error("nobody asks")
	}
}
