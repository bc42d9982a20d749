package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/throughline/throughline/internal/auth"
	"github.com/throughline/throughline/internal/catalog"
	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/server"
	"github.com/throughline/throughline/internal/store/sqlitestore"
)

// spoken is a report in which people are quoted: by both ways round, by a pronoun, by a family name, by a line beneath, in a row.
// The fire is in the graph already. Terms, what an institution or somebody's friend says, what nobody says, and what one of
// two may have said are no quotations.
const spoken = `Ann Ash met Ben Oak in May. “It was a very good day,” said the mayor Ann Ash, who knows Ben Oak. “It is a bad one now,” she added.
` + "\U0001F469" + ` Oak replied: “Nobody knows what is to come.” The so-called “war on all the things” went on, as Acme said “a good many times”.
“The house is on fire,” Ben Oak wrote. The keeper of it, Ann Ash, came. “It was not me at all,” she said.
A friend of Ann Ash said “this is not for you”. “Whatever it may be,” says a report that Ann Ash read.

‘We’ll see to that, I am told’
– Ann Ash, mayor`

// newSpoken serves a report with quotations.
func newSpoken(t *testing.T, change ...func(*server.Options)) string {
	t.Helper()
	lines := fmt.Sprintf(`{"source":"REPORT","id":"s_report","title":"What they said","text":%s}
{"node":"PERSON","id":"ann","name":"Ann Ash"}
{"node":"PERSON","id":"ben","name":"Ben Oak"}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"QUOTE","id":"fire","name":"The house is on fire","text":"The house is on fire"}
{"link":"SAID","from":"ben","to":"fire","evidence":[{"source":"s_report","excerpt":"“The house is on fire,” Ben Oak wrote"}]}
`, quote(spoken))
	return newServerWith(t, true, func(cat *catalog.Catalog, s *sqlitestore.Store) error {
		_, err := exchange.Import(t.Context(), cat, s, []exchange.File{exchange.FromBytes("report.jsonl", []byte(lines))}, exchange.Options{})
		return err
	}, change...)
}

const offered = `[...document.querySelectorAll('.candidates article')].map(a => a.getAttribute('aria-label'))`

// TestQuotationsAreOffered: those of a text whose speaker is known, to be accepted, edited and rejected by keyboard alone.
func TestQuotationsAreOffered(t *testing.T) {
	b := newTab(t, newBrowser(t), newSpoken(t))
	b.visit("/s/s_report")
	all := `["Ann Ash said “It was a very good day”","Ann Ash said “It is a bad one now”","Ben Oak said “Nobody knows what is to come.”","Ann Ash said “We’ll see to that, I am told”"]`
	b.wait("four are offered", `JSON.stringify(`+offered+`) === `+quote(all))
	b.barriers(axe(t), "quotations that can be added")
	b.screenshot("offered")
	b.reach(".candidates article")
	b.press(kb.ArrowDown)
	b.press(kb.ArrowUp)
	b.press("r")
	b.wait("one is rejected, and the next has the focus",
		offered+`.length === 3 && document.activeElement === document.querySelector('.candidates article')`)
	b.press("a")
	b.wait("one is added", reads(".adding > .said", "Added: Ann Ash said “It is a bad one now”")+" && "+offered+`.length === 2`)
	b.wait("the next has the focus", `document.activeElement === document.querySelector('.candidates article')`)
	b.wait("it is marked in the text", `[...document.querySelectorAll('.body mark')].some(m => m.innerText === '“It is a bad one now,” she added')`)
	b.press("e")
	b.wait("the words can be changed", `document.activeElement.matches('.candidates textarea')`)
	b.press(kb.End)
	b.text("are") // and no key does anything else in a field
	b.run("accept", chromedp.Click(chromedp.CSS(".candidates article button[aria-keyshortcuts=a]")))
	b.wait("other words are refused", reads(".candidates article [role=alert]", "stand in none of the texts"))
	for range 3 {
		b.run("mend", chromedp.SendKeys(chromedp.CSS(".candidates textarea"), kb.Backspace))
	}
	b.run("accept", chromedp.Click(chromedp.CSS(".candidates article button[aria-keyshortcuts=a]")))
	b.wait("it is added", reads(".adding > .said", "Added: Ben Oak said “Nobody knows what is to come.”")+" && "+offered+`.length === 1`)
	evaluate[chromedp.Void](b, `void fetch('/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({query: '{ node(id: "ben") { ... on Person { quotes { nodes { text verified } } } } }'})}).then(r => r.text())
		.then(text => { window.written = text; })`)
	b.wait("it is there", `window.written !== undefined`)
	if got := evaluate[string](b, `window.written`); !strings.Contains(got, `{"text":"Nobody knows what is to come.","verified":true}`) {
		t.Errorf("%s", got)
	}
	b.button("Take it back")
	b.wait("it is offered again", offered+`.length === 2`)
	b.visit("/s/s_report")
	b.wait("what was rejected stays so", offered+`.length === 2`)
	b.button("Show those that were rejected")
	b.wait("unless it is wanted again", offered+`.length === 3`)
}

// TestQuotationsAreOfferedToWriters alone.
func TestQuotationsAreOfferedToWriters(t *testing.T) {
	b := newTab(t, newBrowser(t), newSpoken(t, func(o *server.Options) { o.Anonymous = auth.NewIdentity("", auth.Reader) }))
	b.visit("/s/s_report")
	b.wait("names are known, and who may write", `document.querySelectorAll('.body .named').length > 5 && document.querySelector('.source[aria-busy=false]') !== null`)
	if evaluate[bool](b, `document.querySelector('.candidates, .adding') !== null`) {
		t.Error("a READER is offered quotations")
	}
}
