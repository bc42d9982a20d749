package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/throughline/throughline/internal/config"
	"github.com/throughline/throughline/internal/exchange"
)

// send has a server import the files.
func (c *importCmd) send(w *world) error {
	if c.Diff {
		return &config.UsageError{Problem: "a server does not tell each field that changes", Hint: "leave out --diff, or --server"}
	}
	to, err := c.address()
	if err != nil {
		return err
	}
	to.Path = strings.TrimSuffix(strings.TrimSuffix(to.Path, "/"), "/graphql") + "/import"
	q := url.Values{}
	for name, v := range map[string]string{
		"format": c.Format, "encoding": c.Encoding, "sheet": c.Sheet, "type": c.Type, "kind": c.Kind, "source": c.Source, "sourceUrl": c.SourceURL, "note": c.Note, "history": c.History,
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	q.Set("dryRun", strconv.FormatBool(c.DryRun))
	q.Set("replace", strconv.FormatBool(c.Replace))
	to.RawQuery = q.Encode()
	for _, path := range c.Files { // before anything is sent
		if i, err := os.Stat(path); path != "-" && (err != nil || i.IsDir()) {
			return fmt.Errorf("%s cannot be read: name a file", path)
		}
	}
	body, form := io.Pipe()
	parts := multipart.NewWriter(form)
	go func() { form.CloseWithError(errors.Join(c.parts(w, parts), parts.Close())) }()
	defer body.Close() //nolint:errcheck // it ends the writing
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, to.String(), body)
	if err != nil {
		return errNoAddress
	}
	req.Header.Set("Content-Type", parts.FormDataContentType())
	req.Header.Set("Expect", "100-continue") // who may not import is told before the files are sent
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	begin := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		return c.unanswered(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	var got struct {
		exchange.Report
		Errors []struct {
			Message    string
			Extensions struct {
				Lines     []exchange.BadFile
				MoreLines int
				Left      string
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return errNotGraphQL
	}
	if len(got.Errors) > 0 {
		e := got.Errors[0]
		if len(e.Extensions.Lines) == 0 {
			return errors.New(printable(e.Message))
		}
		return c.refuse(w, e.Extensions.Lines, e.Extensions.MoreLines, printable(cmp.Or(e.Extensions.Left, "nothing was written")))
	}
	return c.tell(w, &got.Report, time.Since(begin))
}

// parts writes the mapping and the files as parts of a form.
func (c *importCmd) parts(w *world, to *multipart.Writer) error {
	if c.Map != "" {
		if err := part(to, exchange.MappingPart, c.Map, nil); err != nil {
			return err
		}
	}
	for _, path := range c.Files {
		var from io.Reader
		if path == "-" {
			path, from = "standard input", w.input()
		}
		if err := part(to, "file", path, from); err != nil {
			return err
		}
	}
	return nil
}

// part writes a file as a part of a form: what from has or, where that is nil, what the file has.
func part(to *multipart.Writer, field, path string, from io.Reader) error {
	if from == nil {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		from = f
	}
	out, err := to.CreateFormFile(field, filepath.Base(path))
	if err == nil {
		_, err = io.Copy(out, from)
	}
	return err
}
