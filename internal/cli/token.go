package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/issuer"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token, add it to a file by its hash, and print it this once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens of a file."`
	Revoke tokenRevokeCmd `cmd:"" help:"Delete tokens from a file."`
}

type tokenCreateCmd struct {
	File    string `arg:"" placeholder:"FILE" help:"File of tokens; it is made where there is none."`
	Role    string `required:"" enum:"READER,EDITOR,CURATOR,ADMIN" placeholder:"ROLE" help:"What its bearer may: ${enum}, each what those before it may."`
	Subject string `required:"" placeholder:"NAME" help:"Whose it is: the name that changes are written down under."`
	Expires string `placeholder:"WHEN" help:"The last day it holds (2027-01-31, UTC), or for how many days (90d). Default: no end."`
}

const hintHangUp = "A running server reads the file again on SIGHUP."

// Run makes a token. It alone goes to standard output, for scripts.
func (c *tokenCreateCmd) Run(w *world) error {
	now := time.Now()
	expires, err := expiry(c.Expires, now)
	if err != nil {
		return err
	}
	if err := auth.CheckSubject(c.Subject); err != nil {
		return &config.UsageError{Problem: "--subject " + err.Error(), Hint: "write a name, such as ann"}
	}
	role, _ := auth.ParseRole(c.Role) // kong has checked it
	secret, t, err := auth.Create(c.File, c.Subject, role, now, expires)
	if err != nil {
		return about(c.File, err)
	}
	fmt.Fprintf(w.stderr, "Token %s of %s, %s%s. It is shown this once. %s\n",
		t.ID, printableLines(t.Subject), t.Role, until(t.Expires), hintHangUp)
	_, err = fmt.Fprintln(w.stdout, secret)
	return err
}

// until says when a token ends.
func until(expires time.Time) string {
	if expires.IsZero() {
		return ""
	}
	return ", until " + expires.UTC().Format("2006-01-02 15:04") + " UTC"
}

// expiry reads when a token ends: behind a day, or in so many days.
func expiry(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, s)
	end := day.AddDate(0, 0, 1)
	if err != nil {
		var n int
		days, ok := strings.CutSuffix(s, "d")
		if n, err = strconv.Atoi(days); err == nil && (!ok || n > 36500) {
			err = strconv.ErrRange
		}
		end = now.UTC().Truncate(time.Second).AddDate(0, 0, n)
	}
	if err != nil {
		return time.Time{}, &config.UsageError{
			Problem: fmt.Sprintf("--expires %q is no day", s), Hint: "write it as 2027-01-31, or as 90d for so many days",
		}
	}
	if !end.After(now) {
		return time.Time{}, &config.UsageError{Problem: "--expires is over already", Hint: "give a day that is to come, or leave it out"}
	}
	return end, nil
}

// about says which file an error is of.
func about(file string, err error) error { return fmt.Errorf("%s: %w", file, err) }

type tokenListCmd struct {
	File string `arg:"" placeholder:"FILE" help:"File of tokens."`
	JSON bool   `name:"json" help:"As JSON, one a line."`
}

// listed is a token as it is listed: without its hash, which is of no use to anybody.
type listed struct {
	ID      string    `json:"id"`
	Subject string    `json:"subject"`
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
}

// Run lists the tokens of a file.
func (c *tokenListCmd) Run(w *world) error {
	tokens, err := auth.List(c.File)
	if err != nil {
		return about(c.File, err)
	}
	for _, t := range tokens {
		if c.JSON {
			b, err := json.Marshal(listed{t.ID, t.Subject, t.Role, t.Created, t.Expires})
			if err == nil {
				_, err = fmt.Fprintln(&jsonPrinter{to: w.stdout}, string(b))
			}
			if err != nil {
				return err
			}
			continue
		}
		end := until(t.Expires)
		if end != "" && !t.Expires.After(time.Now()) {
			end += " (over)"
		}
		fmt.Fprintf(w.stdout, "%s  %-7s  %s, of %s%s\n", t.ID, t.Role, printableLines(t.Subject), t.Created.UTC().Format(time.DateOnly), end)
	}
	return nil
}

type tokenRevokeCmd struct {
	File    string   `arg:"" placeholder:"FILE" help:"File of tokens."`
	IDs     []string `arg:"" optional:"" name:"id" placeholder:"ID" help:"Tokens to delete, by what token list shows."`
	Subject string   `placeholder:"NAME" help:"Delete all tokens of this subject."`
}

// Run deletes tokens.
func (c *tokenRevokeCmd) Run(w *world) error {
	if (len(c.IDs) > 0) == (c.Subject != "") {
		return &config.UsageError{Problem: "which tokens are meant?", Hint: "give ids, as token list shows them, or --subject"}
	}
	ids := map[string]bool{}
	for _, id := range c.IDs {
		ids[id] = false
	}
	gone, err := auth.Revoke(c.File, func(t auth.Token) bool {
		_, ok := ids[t.ID]
		if ok {
			ids[t.ID] = true
		}
		return ok || c.Subject != "" && t.Subject == c.Subject
	})
	if err != nil {
		return about(c.File, err)
	}
	for _, t := range gone {
		fmt.Fprintf(w.stdout, "%s  %-7s  %s: revoked\n", t.ID, t.Role, printableLines(t.Subject))
	}
	for _, id := range c.IDs {
		if !ids[id] {
			return fmt.Errorf("%s is no token of the file; the others are revoked", printableLines(id))
		}
	}
	fmt.Fprintln(w.stderr, hintHangUp)
	return nil
}

// access is who may ask a server.
type access struct {
	*config.Access
	tokens *auth.Tokens   // nil for no file
	issuer *issuer.Issuer // nil for none
	hangUp chan os.Signal
}

// verifier returns what knows tokens; nil where none is asked for.
func (a *access) verifier() auth.Verifier {
	switch {
	case a.tokens != nil:
		return a.tokens
	case a.issuer != nil:
		return a.issuer
	}
	return nil
}

// secretVariable is where the secret of this server at the issuer stands. There is no flag for it, which a list of
// processes would show.
const secretVariable = "THROUGHLINE_OIDC_CLIENT_SECRET"

// openIssuer returns the issuer that settings name.
func (c *serveCmd) openIssuer(w *world, anonymous *auth.Identity, log *slog.Logger) (*issuer.Issuer, error) {
	secret := w.getenv(secretVariable)
	if c.SecretFile != "" {
		if secret != "" {
			return nil, &config.UsageError{
				Problem: "--oidc-client-secret-file, and " + secretVariable + " too", Hint: "leave one of them out",
			}
		}
		raw, err := os.ReadFile(c.SecretFile)
		if secret = strings.TrimSpace(string(raw)); err != nil || secret == "" {
			return nil, &config.UsageError{
				Problem: fmt.Sprintf("--oidc-client-secret-file %s cannot be read, or has nothing in it", c.SecretFile),
				Hint:    "name a file with the secret alone, which this user may read",
			}
		}
	}
	roles, err := c.OIDC.Roles()
	if err != nil {
		return nil, err
	}
	o := issuer.Options{
		URL: c.OIDC.Issuer, ClientID: c.ClientID, ClientSecret: secret, Audience: c.Audience, SubjectClaim: c.SubjectClaim,
		RoleClaim: c.RoleClaim, Roles: roles, Logger: log,
	}
	if anonymous != nil {
		o.Otherwise = anonymous.Role
	}
	return issuer.New(o), nil
}

// access finds out who may ask, and reads the file of tokens.
func (c *serveCmd) access(w *world, addr net.Addr, log *slog.Logger) (*access, error) {
	a, err := c.Access(addr)
	if err != nil {
		return nil, err
	}
	if a.Warning != "" {
		log.Warn(a.Warning)
	}
	who := &access{Access: a}
	if a.Issuer {
		who.issuer, err = c.openIssuer(w, a.Anonymous, log)
		return who, err
	}
	if a.Tokens == "" {
		return who, nil
	}
	if who.tokens, err = auth.Open(a.Tokens, time.Now); err != nil {
		var file *auth.FileError
		if errors.As(err, &file) {
			err = fmt.Errorf("--auth tokens:%s: %w", a.Tokens, file)
		}
		return nil, err
	}
	if who.tokens.Len() == 0 && a.Anonymous == nil {
		log.Warn("there are no tokens: nobody may ask until one is made by `throughline token create`, and the file read again on SIGHUP")
	}
	who.hangUp = make(chan os.Signal, 1)
	signal.Notify(who.hangUp, syscall.SIGHUP) // from here on it no longer ends the program
	return who, nil
}

// again reads the file of tokens whenever the process is told to, until ctx ends.
func (a *access) again(ctx context.Context, log *slog.Logger) {
	defer signal.Stop(a.hangUp)
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.hangUp:
			if err := a.tokens.Reload(); err != nil {
				log.Error("the file of tokens was not read again: the tokens stay as they were", "error", err)
				continue
			}
			log.Info("the file of tokens was read again", "tokens", a.tokens.Len())
		}
	}
}
