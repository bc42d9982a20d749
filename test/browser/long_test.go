package browser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestNothingOfALongSourceIsLeftOut: of a text with thousands of names, of a link with more pieces of evidence than a page
// of them has, and of a source with more links than are read at once, the last are shown too, or it is said that they are not.
func TestNothingOfALongSourceIsLeftOut(t *testing.T) {
	const names, pieces, links = 2100, 105, 1003
	var text, evidence, lines strings.Builder
	for i := range pieces {
		fmt.Fprintf(&text, "In year %d Acme paid Ann Ash. ", i)
		if i > 0 {
			evidence.WriteString(",")
		}
		fmt.Fprintf(&evidence, `{"source":"s_long","excerpt":"In year %d Acme paid Ann Ash"}`, i)
	}
	for i := range names { // each is two that may be names: "Aoa B0" and "B0"
		fmt.Fprintf(&text, "Then came A%s%c B%d. ", strings.Repeat("o", i/40+1), 'a'+i%26, i)
		if i == 500 {
			text.WriteString("“We shall see to it,” said Ben Oak. ")
		}
	}
	text.WriteString("“That was a long road,” said Cleo Elm.")
	fmt.Fprintf(&lines, `{"source":"REPORT","id":"s_long","title":"A long report","text":%q}
{"node":"INSTITUTION","id":"acme","name":"Acme"}
{"node":"PERSON","id":"ann","name":"Ann Ash"}
{"node":"PERSON","id":"ben","name":"Ben Oak"}
{"node":"PERSON","id":"cleo","name":"Cleo Elm"}
{"source":"REPORT","id":"s_many","title":"Quoted for much"}
{"link":"AFFILIATED_WITH","from":"ann","to":"acme","evidence":[%s]}
`, text.String(), evidence.String())
	for i := range links {
		fmt.Fprintf(&lines, `{"node":"PERSON","id":"p%04d","name":"Person %04d"}`+"\n", i, i)
		fmt.Fprintf(&lines, `{"link":"AFFILIATED_WITH","from":"p%04d","to":"acme","evidence":[{"source":"s_many","excerpt":"They work at Acme"}]}`+"\n", i)
	}
	b := newTab(t, newBrowser(t), newServerFrom(t, lines.String()))

	b.visit("/s/s_long")
	b.wait("each piece of the link is marked", fmt.Sprintf(`document.querySelectorAll('.body mark').length === %d`, pieces))
	named := func(name string) string {
		return `[...document.querySelectorAll('.body a.named')].some(a => a.innerText === '` + name + `')`
	}
	b.wait("a name far into the text is known, and its quotation offered", named("Ben Oak")+" && "+offered+`.includes('Ben Oak said “We shall see to it”')`)
	b.wait("names that are not looked for are told", reads(".bound", "the graph was not asked for its last"))
	if evaluate[bool](b, named("Cleo Elm")) {
		t.Error("there is a bound, and the last name is known before it is asked for")
	}
	b.screenshot("bound")
	b.button("Look for them")
	b.wait("the last name is known, and its quotation offered", named("Cleo Elm")+" && "+offered+`.includes('Cleo Elm said “That was a long road”')`)
	b.wait("nothing is left", `document.querySelector('.bound') === null`)

	b.visit("/s/s_many")
	b.wait("a thousand links are read, and it is told", `document.querySelectorAll('.excerpts li').length === 1000 && `+
		reads(".bound", "the first 1,000 of 1,003 links"))
	b.button("Read on")
	b.wait("all are there", `document.querySelectorAll('.excerpts li').length === 1003 && document.querySelector('.bound') === null`)

	b.visit("/path?from=ann&to=acme")
	for more := 5; more < pieces; more += 20 {
		b.wait("so many are shown", fmt.Sprintf(`document.querySelectorAll('.hop blockquote').length === %d`, more))
		b.run("show more", clicking(chromedp.Search(`//section[@class="hop"]//button[starts-with(., "Show")]`)))
	}
	b.wait("all are there", fmt.Sprintf(`document.querySelectorAll('.hop blockquote').length === %d`, pieces))
}
