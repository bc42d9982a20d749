package exchange

import (
	"bufio"
	"encoding/xml"
)

// xmlLacks says what the flat form cannot hold in XML.
const xmlLacks = flatLacks + "; characters that XML knows not (most control characters) become �"

// xmlHead begins a file of XML.
const xmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

// markup writes XML. Its errors are kept by the writer, as bufio does.
type markup struct{ *bufio.Writer }

func (m markup) raw(s string) { _, _ = m.WriteString(s) }

// text writes characters. Those that XML cannot hold, as most control characters, become U+FFFD.
func (m markup) text(s string) { _ = xml.EscapeText(m.Writer, []byte(s)) }

// attr writes an attribute.
func (m markup) attr(name, value string) {
	m.raw(" " + name + `="`)
	m.text(value)
	m.raw(`"`)
}
