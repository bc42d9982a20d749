package exchange_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"

	"github.com/throughline/throughline/internal/exchange"
	"github.com/throughline/throughline/internal/store/storetest/both"
)

// The parts of a workbook of two sheets, of which the first has the links.
var book = map[string]string{
	"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
	"_rels/.rels":         `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
	"xl/workbook.xml": `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` +
		`<sheet name="Jobs" sheetId="2" r:id="r1"/><sheet name="People" sheetId="1" r:id="r2"/><sheet name="Notes" state="hidden" r:id="r3"/><sheet name="Diagram" r:id="r4"/></sheets></workbook>`,
	"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="x/worksheet" Target="/xl/worksheets/sheet2.xml"/>` +
		`<Relationship Id="r3" Type="x/worksheet" Target="worksheets/sheet3.xml"/><Relationship Id="r4" Type="x/chartsheet" Target="charts/c.xml"/>` +
		`<Relationship Id="r5" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="r6" Type="x/styles" Target="styles.xml"/>` +
		`<Relationship Id="r7" Type="x/externalLink" Target="http://127.0.0.1:1/secret.xlsx" TargetMode="External"/></Relationships>`,
	"xl/sharedStrings.xml": `<sst><si><t>Ann</t></si><si><r><t>Acme </t></r><r><t>&amp; Sons</t></r><rPh><t>read aloud</t></rPh></si></sst>`,
	"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="mmm\ yyyy"/><numFmt numFmtId="165" formatCode="00000"/></numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0"/></dxf></dxfs></styleSheet>`,
	"xl/worksheets/sheet1.xml": sheet(
		`<row r="2">`+inline("B2", "from")+inline("C2", "to")+inline("D2", "kind")+inline("E2", "since")+inline("F2", "until")+`</row>`,
		`<row r="3"><c r="B3" s="3"><v>42</v></c><c r="C3" t="inlineStr"><is><t>acme</t></is></c><c r="D3" t="str"><f>UPPER("said")</f><v>affiliated with</v></c>`+
			`<c r="E3" s="2"><v>43891</v></c><c r="F3" s="1"><v>44252.75</v></c><c r="K3"><v>1</v></c></row>`,
		`<row r="9"><c r="B9" s="1"/></row>`,
		`<row r="10">`+inline("C10", "club")+inline("D10", "AFFILIATED_WITH")+`<c r="E10"><v>2.019E3</v></c></row>`,
	) + `<mergeCells count="2"><mergeCell ref="B3:B10"/><mergeCell ref="C20:F20"/></mergeCells></worksheet>`,
	"xl/worksheets/sheet2.xml": sheet(
		`<row>`+`<c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>name</t></is></c><c t="inlineStr"><is><t>type</t></is></c><c t="inlineStr"><is><t>born</t></is></c><c t="inlineStr"><is><t>founded</t></is></c>`+`</row>`,
		`<row><c s="3"><v>42</v></c><c t="s"><v>0</v></c>`+inline("C2", "person")+`<c t="d"><v>1970-02-03T00:00:00</v></c></row>`,
		`<row>`+inline("A3", "acme")+`<c t="s"><v>1</v></c>`+inline("C3", "INSTITUTION")+`<c r="E3"><v>1899</v></c></row>`,
		`<row>`+inline("A4", "club")+inline("B4", "Club _x0041_")+inline("C4", "INSTITUTION")+`</row>`,
	) + `</worksheet>`,
	"xl/worksheets/sheet3.xml": sheet(`<row>`+inline("A1", "nothing of ours")+`</row>`) + `</worksheet>`,
}

func sheet(rows ...string) string {
	return `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + strings.Join(rows, "") + `</sheetData>`
}

func inline(cell, text string) string {
	return `<c r="` + cell + `" t="inlineStr"><is><t>` + text + `</t></is></c>`
}

// workbook packs the parts of a workbook, with some of them changed, or left out where they are "".
func workbook(t testing.TB, changed ...string) []byte {
	t.Helper()
	parts := maps.Clone(book)
	for i := 0; i < len(changed); i += 2 {
		parts[changed[i]] = changed[i+1]
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name] == "" {
			continue
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, parts[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWorkbooksAreRead has cells of every kind, in sheets of links and of nodes.
func TestWorkbooksAreRead(t *testing.T) {
	cat := both.Catalog(t)
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?>` + book["xl/sharedStrings.xml"])
	if err != nil {
		t.Fatal(err)
	}
	both.Run(t, cat, func(t *testing.T, open both.Open) {
		for name, b := range map[string][]byte{
			"a.xlsx": workbook(t), "body": workbook(t), "a.csv": workbook(t, "xl/sharedStrings.xml", utf16),
		} {
			lines, report, err := read(t, cat, open, exchange.FromBytes(name, b))
			if err != nil {
				t.Fatal(name, err)
			}
			says(t, lines, report.Warnings,
				`{"node":"PERSON","id":"00042","name":"Ann","born":"1970-02-03"`,
				`{"node":"INSTITUTION","id":"acme","name":"Acme & Sons","founded":"1899"`,
				`{"node":"INSTITUTION","id":"club","name":"Club A"`,
				`"from":"00042","to":"acme","since":"2020-03","until":"2021-02-25","evidence":[{"source":"s_`+strings.ReplaceAll(name, ".", "-")+`","excerpt":",00042,acme,affiliated with,2020-03,2021-02-25"}]`,
				`"from":"00042","to":"club","since":"2019","evidence":[{"source":"s_`+strings.ReplaceAll(name, ".", "-")+`","excerpt":",00042,club,AFFILIATED_WITH,2019"}]`,
				name+`: hidden sheets are left out, unless --sheet names one: Notes`,
				name+`: values in columns without a name are left out, first in row 3 of sheet Jobs`,
			)
			if report.Nodes != 3 || report.Links != 2 {
				t.Errorf("%s: %d nodes, %d links", name, report.Nodes, report.Links)
			}
		}
	})
	open := both.SQLite(cat)
	// one sheet, by the terms or by a mapping
	f := exchange.FromBytes("a.xlsx", workbook(t))
	f.Terms.Sheet = "People"
	_, report, err := read(t, cat, open, f)
	if err != nil || report.Nodes != 3 || report.Links != 0 || len(report.Warnings) > 0 {
		t.Error(report, err)
	}
	f.Terms = exchange.Terms{}
	if f.Terms.Mapping, err = exchange.ReadMapping([]byte(`{"sheet":"Notes","nodes":[{"node":"PERSON","name":"{nothing of ours}"}]}`)); err != nil {
		t.Fatal(err)
	}
	if _, report, err = read(t, cat, open, f); err != nil || len(report.Warnings) != 1 {
		t.Error(report, err)
	}
	// a workbook of links stands behind the nodes, whatever the order in which they are named
	s := open(t)
	files := exchange.Ordered([]exchange.File{
		exchange.FromBytes("links.xlsx", workbook(t, "xl/worksheets/sheet2.xml", sheet()+`</worksheet>`)),
		exchange.FromBytes("nodes.csv", []byte("id,name,type\n00042,Ann,PERSON\nacme,Acme,INSTITUTION\nclub,Club,INSTITUTION\n")),
	})
	if report, err := exchange.Import(t.Context(), cat, s, files, exchange.Options{}); err != nil || report.Links != 2 {
		t.Error(report, err)
	}
	if _, report, err := read(t, cat, open, exchange.FromBytes("a.xlsx", nil)); err != nil || len(report.Warnings) != 1 {
		t.Error(report, err)
	}
	if _, report, err := read(t, cat, open, exchange.FromBytes("a.xlsx", workbook(t, "xl/worksheets/sheet1.xml", sheet(
		`<row>`+inline("A1", "id")+inline("B1", "name")+inline("C1", "type")+inline("D1", "born")+`</row>`,
		`<row>`+inline("A2", "x")+inline("B2", "X")+`<c r="C2" t="str"><v>PERSON</v></c><c r="D2"><f>A1</f></c></row>`)+`</worksheet>`))); err != nil ||
		!strings.Contains(fmt.Sprint(report.Warnings), "formulas whose value the file does not have are read as empty, first in row 2 of sheet Jobs: ") {
		t.Error(report, err)
	}
}

// TestNumbersAreReadAsTheyAreShown has the formats of a sheet.
func TestNumbersAreReadAsTheyAreShown(t *testing.T) {
	for _, c := range []struct {
		code, v, want string
	}{
		{"General", "2019", "2019"},
		{"General", "2019.0", "2019"},
		{"General", "2.019E3", "2019"},
		{"General", "0.30000000000000004", "0.3"},
		{"General", "-1.5E-7", "-0.00000015"},
		{"General", "12345678901234567890", "12345678901234567890"},
		{"General", "1E+300", "1e+300"},
		{"General", "x", "x"},
		{"0", "7", "7"},
		{"0000", "7", "0007"},
		{"0.00", "7.5", "7.5"},
		{"#,##0 \\h", "7", "7"},
		{`0 "days"`, "7", "7"},
		{"[Red]0", "7", "7"},
		{"0.00E+00", "7", "7"},
		{"yyyy-mm-dd", "44252", "2021-02-25"},
		{"d/m/yy;@", "44252", "2021-02-25"},
		{"[$-407]d. mmmm yyyy", "44252", "2021-02-25"},
		{"d mmm", "44252", "2021-02-25"},
		{"mmmm", "44252", "2021-02-25"},
		{"mmm yyyy", "44252", "2021-02"},
		{"yyyy", "44252", "2021"},
		{"[$-411]ggge\"年\"m\"月\"d\"日\"", "44252", "2021-02-25"},
		{"yyyy-mm-dd hh:mm", "44252", "2021-02-25"},
		{"yyyy-mm-dd hh:mm", "44252.5", "2021-02-25T12:00"},
		{"yyyy-mm-dd", "44252.9999999", "2021-02-26"}, // Excel rounds too
		{"hh:mm AM/PM", "0.75", "18:00"},
		{"h:mm:ss", "0.7500115741", "18:00:01"},
		{"[h]:mm", "1.5", "1.5"},
		{"yyyy-mm-dd", "1", "1900-01-01"},
		{"yyyy-mm-dd", "59", "1900-02-28"},
		{"yyyy-mm-dd", "60", "1900-02-29"},
		{"yyyy-mm-dd", "61", "1900-03-01"},
		{"yyyy-mm-dd", "2958465", "9999-12-31"},
		{"yyyy-mm-dd", "2958466", "2958466"},
		{"yyyy-mm-dd", "-1", "-1"},
	} {
		if got := exchange.Shown(c.code, c.v, false); got != c.want {
			t.Errorf("%s as %s is %s, want %s", c.v, c.code, got, c.want)
		}
	}
	if got := exchange.Shown("yyyy-mm-dd", "42790", true); got != "2021-02-25" {
		t.Error(got)
	}
}

// declared has a workbook whose sheet says that it unpacks to so many bytes.
func declared(t *testing.T, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(book)) {
		h := &zip.FileHeader{Name: name, UncompressedSize64: uint64(len(book[name])), CompressedSize64: uint64(len(book[name])), CRC32: crc32.ChecksumIEEE([]byte(book[name]))}
		if name == "xl/worksheets/sheet2.xml" {
			h.UncompressedSize64 = size
			h.Method = zip.Deflate
		}
		w, err := z.CreateRaw(h)
		if err == nil {
			_, err = io.WriteString(w, book[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWorkbooksThatCannotBeReadAreRefused has what is wrong with them told, with the sheet and the row, and bounds what they
// take.
func TestWorkbooksThatCannotBeReadAreRefused(t *testing.T) {
	cat := both.Catalog(t)
	people, jobs := "xl/worksheets/sheet2.xml", "xl/worksheets/sheet1.xml"
	row := func(cells string) string {
		return strings.Replace(book[people], `</sheetData>`, `<row r="12">`+cells+`</row></sheetData>`, 1)
	}
	whole := workbook(t)
	broken := bytes.Clone(whole)
	i := bytes.Index(broken, []byte(jobs)) + len(jobs) + 20
	broken[i] ^= 0xff
	locked := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 70_000) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	var ods bytes.Buffer
	z := zip.NewWriter(&ods)
	if w, err := z.CreateHeader(&zip.FileHeader{Name: "mimetype"}); err == nil {
		_, _ = io.WriteString(w, "application/vnd.oasis.opendocument.spreadsheet")
	}
	_ = z.Close()
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"a.xlsx", workbook(t, people, row(inline("A12", "x")+inline("B12", "X")+inline("C12", "PERSONN"))), `a.xlsx, sheet People, row 12: the row has the unknown type of node "PERSONN"; do you mean PERSON?`},
		{"a.xlsx", workbook(t, people, row(inline("A12", "x")+inline("B12", "X")+inline("C12", "PERSON")+`<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`)), `a.xlsx, sheet People, row 12: the row has in "born" the error #DIV/0! of a formula: mend it, or empty the cell`},
		{"a.xlsx", workbook(t, people, row(inline("A12", "acme")+inline("B12", "Acme")+inline("C12", "PERSON"))), `a.xlsx, sheet People, row 12: the row says of acme that its type is PERSON, and row 3 of sheet People that it is INSTITUTION`},
		{"a.xlsx", workbook(t, people, row(inline("A12", "x")+inline("B12", "X")+inline("C12", "PERSON")+inline("D12", "1970-13"))), `a.xlsx, sheet People, row 12: the row has in born what is no date`},
		{"a.xlsx", workbook(t, jobs, sheet(`<row>`+inline("A1", "x")+inline("B1", "x")+`</row>`)+`</worksheet>`), `a.xlsx, sheet Jobs, row 1: the row names the column "x" twice`},
		{"a.xlsx", workbook(t, jobs, sheet(`<row>`+inline("A1", "x")+`</row>`)+`</worksheet>`), `a.xlsx, sheet Jobs, row 1: the row has the columns x, which do not say what they are: `},
		{
			"a.xlsx", workbook(t, jobs, sheet(`<row r="4"><c r="C4" t="e"><f>VLOOKUP(1,A:A,1)</f><v>#N/A</v></c></row>`, `<row>`+inline("C5", "x")+`</row>`)+`</worksheet>`),
			`a.xlsx, sheet Jobs, row 4: the row has for the name of column 3 the error #N/A of a formula: mend it, or empty the cell`,
		},
		{
			"a.xlsx", workbook(t, people, strings.Replace(book[people], `<?xml version="1.0"?>`, `<?xml version="1.0" encoding="x-klingon"?>`, 1)),
			`a.xlsx has its part ` + people + ` in the encoding x-klingon, which is not known: save it in a spreadsheet again`,
		},
		{"a.xlsx", workbook(t, people, ""), `a.xlsx is damaged: the part of the sheet "People" is missing`},
		{"a.xlsx", workbook(t, "xl/sharedStrings.xml", ""), `a.xlsx is damaged: its sheet "People" has a cell whose text is missing, behind row 2`},
		{"a.xlsx", workbook(t, "xl/workbook.xml", `<workbook/>`), `a.xlsx has no sheet with a table`},
		{"a.xlsx", workbook(t, "xl/workbook.xml", ``), `a.xlsx is damaged: its part xl/workbook.xml is missing`},
		{"a.docx", workbook(t, "xl/workbook.xml", `<document/>`), `a.docx is no workbook of Excel: save it as .xlsx or CSV, and name that`},
		{"a.xlsx", workbook(t, "_rels/.rels", ``), `a.xlsx is no workbook of Excel`},
		{"a.xlsb", workbook(t, "_rels/.rels", strings.ReplaceAll(book["_rels/.rels"], ".xml", ".bin")), `a.xlsb is of the binary form of Excel (.xlsb): save it as .xlsx or CSV, and name that`},
		{"a.xls", []byte(locked[:70_000]), `a.xls is of the old form of Excel (.xls): save it as .xlsx or CSV, and name that`},
		{"a.xlsx", []byte(locked), `a.xlsx is locked by a password: take it off, or save each sheet as CSV, and name that`},
		{"a.ods", ods.Bytes(), `a.ods is a spreadsheet of OpenDocument (.ods): save it as .xlsx or CSV, and name that`},
		{"a.xlsx", []byte("id,name,type\n"), `a.xlsx is no workbook, whatever its name: name it as what it is, or say that by --format`},
		{"a.xlsx", whole[:len(whole)-30], `a.xlsx is packed and damaged or cut off: fetch it again`},
		{"a.xlsx", broken, `a.xlsx is packed and damaged or cut off: fetch it again`},
		{"a.xlsx", workbook(t, people, book[people][:len(book[people])-40]), `a.xlsx is damaged: its part ` + people + ` is no XML (line 1: unexpected EOF)`},
		{"a.xlsx", workbook(t, people, sheet(`<row r="2"/><row r="2"/>`)+`</worksheet>`), `a.xlsx is damaged: its sheet "People" has rows that are out of order`},
		{"a.xlsx", workbook(t, people, sheet(`<row r="1048577"/>`)+`</worksheet>`), `has more rows than a sheet can have`},
		{"a.xlsx", workbook(t, people, sheet(`<row><c r="XFE1"><v>1</v></c></row>`)+`</worksheet>`), `has a cell "XFE1" that is out of its place`},
		{"a.xlsx", workbook(t, people, sheet(`<row>`+strings.Repeat(`<c><v>1</v></c>`, 1_000_000)+`</row>`)+`</worksheet>`), `has more columns than a sheet can have`},
		{"a.xlsx", workbook(t, people, sheet(`<row>`+strings.Repeat(`<c t="str"><v>x</v></c>`, 10_000)+`</row>`)+`</worksheet>`), `a.xlsx, sheet People, row 1: the row has 10,000 columns; at most 1000 fit`},
		{"a.xlsx", workbook(t, people, sheet(strings.Repeat("<g>", 1_000_000))), `elements stand in more than 100 others`},
		{"a.xlsx", workbook(t, people, sheet(`<row><c><v>`+strings.Repeat("1", 3<<20))), `a.xlsx has a text of more than 1048576 bytes in a cell`},
		{"a.xlsx", workbook(t, people, sheet(`<row `+strings.Repeat("a='b' ", 1<<20))), `a.xlsx has in ` + people + ` more than 1,048,576 bytes without an end`},
		{"a.xlsx", workbook(t, "xl/sharedStrings.xml", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>`), `a.xlsx is damaged: its part xl/sharedStrings.xml is no XML`},
		{"a.xlsx", workbook(t, "xl/sharedStrings.xml", `<sst>`+strings.Repeat(`<si/>`, 5_000_000)+`</sst>`), `a.xlsx has more than 4,194,304 different texts: save each sheet as CSV`},
		{"a.xlsx", workbook(t, "xl/styles.xml", `<styleSheet><cellXfs>`+strings.Repeat(`<xf/>`, 100_000)+`</cellXfs></styleSheet>`), `a.xlsx is damaged: it has more than 65,536 styles`},
		{"a.xlsx", workbook(t, "xl/workbook.xml", strings.Replace(book["xl/workbook.xml"], `<sheets>`, `<sheets>`+strings.Repeat(`<sheet name="x" r:id="r1"/>`, 2000), 1)), `a.xlsx has more than 1000 sheets`},
		{"a.xlsx", workbook(t, "xl/workbook.xml", strings.Replace(book["xl/workbook.xml"], `<sheets>`, `<sheets>`+strings.Repeat(`<sheet name="x" r:id="r4"/>`, 2000), 1)), `a.xlsx has more than 1000 sheets`},
		{"a.xlsx", workbook(t, "xl/sharedStrings.xml", `<sst>`+strings.Repeat(`<si><t>`+strings.Repeat("x", 1000)+`</t></si>`, 2)+`</sst>`,
			people, sheet(`<row>`+strings.Repeat(`<c t="s"><v>1</v></c>`, 2000)+`</row>`)+`</worksheet>`), `a.xlsx, sheet People, row 1: the row has more than 1048576 bytes`},
		{"a.xlsx", workbook(t, people, sheet(`<row>`+inline("A1", "id")+inline("B1", "name")+inline("C1", "type")+`</row>`,
			`<row>`+inline("A2", "x")+inline("B2", strings.Repeat("x", 600_000))+inline("C2", "THEME")+`</row>`, `<row>`+inline("A3", strings.Repeat("x", 600_000))+`</row>`)+
			`<mergeCells><mergeCell ref="B2:B3"/></mergeCells></worksheet>`), `a.xlsx, sheet People, row 3: the row has more than 1048576 bytes`},
		{"a.xlsx", workbook(t, "xl/styles.xml", `<styleSheet>`+strings.Repeat(`<font/>`, 3<<20)+`</styleSheet>`), `a.xlsx is damaged: its part xl/styles.xml has more than 16,777,216 bytes`},
		{"a.xlsx", declared(t, 5<<30), `a.xlsx unpacks to more than 1,073,741,824 bytes: save each sheet as CSV, and name that`},
		{"a.xlsx", declared(t, 7), `a.xlsx is packed and damaged or cut off: fetch it again`},
	} {
		_, _, err := read(t, cat, both.SQLite(cat), exchange.FromBytes(c.name, c.b))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %s\ngot  %v", c.want, err)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%s: the error has %d bytes", c.name, len(err.Error()))
		}
	}
	for sheet, want := range map[string]string{"Peple": `a.xlsx has no sheet "Peple"; do you mean People? It is one of Jobs, People, Notes`, "People": `a.csv is of format csv, which has no sheets: leave out --sheet`} {
		f := exchange.FromBytes("a.xlsx", whole)
		if sheet == "People" {
			f = exchange.FromBytes("a.csv", []byte("id,name,type\n"))
		}
		f.Terms.Sheet = sheet
		if _, _, err := read(t, cat, both.SQLite(cat), f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s\ngot  %v", want, err)
		}
	}
}

// TestWorkbooksHoldLittleInMemory bounds what is held while a workbook is read.
func TestWorkbooksHoldLittleInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out a workbook of 60 MB")
	}
	var texts, rows strings.Builder
	const n = 20_000
	words := strings.Repeat("words of some length ", 100)
	for i := range n {
		fmt.Fprintf(&texts, "<si><t>%d %s</t></si>", i, words)
		fmt.Fprintf(&rows, `<row><c><v>%d</v></c><c t="s"><v>%d</v></c>%s</row>`, i, i, inline(fmt.Sprint("C", i+2), "THEME"))
	}
	head := `<row>` + inline("A1", "id") + inline("B1", "description") + inline("C1", "type") + `</row>`
	b := workbook(t, "xl/sharedStrings.xml", "<sst>"+texts.String()+"</sst>", "xl/worksheets/sheet2.xml", sheet(head, rows.String())+"</worksheet>",
		"xl/worksheets/sheet1.xml", sheet()+"</worksheet>")
	texts.Reset()
	rows.Reset()
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := live(), uint64(0)
	rest := 0
	if err := exchange.Tables(t.Context(), exchange.FromBytes("a.xlsx", b), func([]string) {
		if rest++; rest%5000 == 0 {
			most = max(most, live())
		}
	}); err != nil {
		t.Fatal(err)
	}
	if rest != n || most-before > 12<<20 {
		t.Errorf("%d rows, %d bytes live beside a workbook of %d", rest, most-before, len(b))
	}
}

// asked is a context that is cancelled after it was asked so often.
type asked struct {
	context.Context
	left int
}

func (a *asked) Err() error {
	if a.left--; a.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestReadingAWorkbookIsCancelled has parts of one element, which have no end between which anybody would ask.
func TestReadingAWorkbookIsCancelled(t *testing.T) {
	people := "xl/worksheets/sheet2.xml"
	for _, c := range [][]string{
		{"xl/styles.xml", `<styleSheet>` + strings.Repeat(`<font/>`, 1<<18) + `</styleSheet>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships>` + strings.Repeat(`<x/>`, 1<<18) + `</Relationships>`},
		{"xl/sharedStrings.xml", `<sst><si>` + strings.Repeat(`<r><t/></r>`, 1<<18) + `</si></sst>`},
		{people, sheet(`<row>`+strings.Repeat(`<x/>`, 1<<18)+`</row>`) + `</worksheet>`},
		{people, sheet() + `<mergeCells>` + strings.Repeat(`<x/>`, 1<<18) + `</mergeCells></worksheet>`},
	} {
		ctx := &asked{t.Context(), 200}
		if err := exchange.Tables(ctx, exchange.FromBytes("a.xlsx", workbook(t, c...)), func([]string) {}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", c[0], err)
		}
	}
}

// TestJoinedCellsCostARowThoseThatItIsIn has a sheet with a joined cell in each column, of which a few have names.
func TestJoinedCellsCostARowThoseThatItIsIn(t *testing.T) {
	const n = 50_000
	var rows, joined strings.Builder
	for i := range n {
		fmt.Fprintf(&rows, `<row><c><v>%d</v></c></row>`, i)
	}
	for i := range 1 << 14 {
		column := ""
		for c := i + 1; c > 0; c = (c - 1) / 26 {
			column = string(rune('A'+(c-1)%26)) + column
		}
		fmt.Fprintf(&joined, `<mergeCell ref="%s%d:%[1]s%[3]d"/>`, column, n, n+3)
	}
	tail := fmt.Sprintf(`<row r="%d">%s%s</row><row r="%d">%s</row>`, n+2, inline(fmt.Sprint("A", n+2), "a"), inline(fmt.Sprint("B", n+2), "b"), n+4, inline(fmt.Sprint("A", n+4), "c"))
	ref := strings.NewReplacer(fmt.Sprintf(`"A%d:A%d"`, n, n+3), `"A2:A9"`, fmt.Sprintf(`"B%d:B%d"`, n, n+3), fmt.Sprintf(`"B%d:B%d"`, n+2, n+4))
	b := workbook(t, "xl/worksheets/sheet1.xml", sheet()+"</worksheet>", "xl/worksheets/sheet2.xml",
		sheet(`<row>`+inline("A1", "id")+inline("B1", "name")+`</row>`, rows.String(), tail)+`<mergeCells>`+ref.Replace(joined.String())+`</mergeCells></worksheet>`)
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second) // it took 30
	defer cancel()
	var last [][]string
	if err := exchange.Tables(ctx, exchange.FromBytes("a.xlsx", b), func(v []string) { last = append(last, slices.Clone(v)) }); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(last[len(last)-2:]); got != "[[a b] [c b]]" || len(last) != n+2 {
		t.Error(got, len(last))
	}
}

// TestSharedTextsAreBounded has few texts in many cells, with a name and without, so that a small file has large rows.
func TestSharedTextsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out rows of 1 GB")
	}
	head := `<row>` + inline("A1", "id") + inline("B1", "name") + `</row>`
	text := "<sst><si><t>" + strings.Repeat("x", 1_000_000) + "</t></si></sst>"
	for name, rows := range map[string]string{
		"shared":         strings.Repeat(`<row><c><v>1</v></c><c t="s"><v>0</v></c></row>`, 1100),
		"without a name": strings.Repeat(`<row><c r="C1" t="s"><v>0</v></c></row>`, 1100),
		"joined":         `<row><c><v>1</v></c><c t="s"><v>0</v></c></row>` + strings.Repeat(`<row><c><v>1</v></c></row>`, 1100),
	} {
		b := workbook(t, "xl/sharedStrings.xml", text, "xl/worksheets/sheet1.xml", sheet()+"</worksheet>",
			"xl/worksheets/sheet2.xml", sheet(head, rows)+`<mergeCells><mergeCell ref="B2:B2000"/></mergeCells></worksheet>`)
		err := exchange.Tables(t.Context(), exchange.FromBytes("a.xlsx", b), func([]string) {})
		if err == nil || !strings.Contains(err.Error(), "has rows of more than 1,073,741,824 bytes: save each sheet as CSV") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCellsThatOtherProgramsWrite has what Excel writes otherwise, or not at all.
func TestCellsThatOtherProgramsWrite(t *testing.T) {
	people := "xl/worksheets/sheet2.xml"
	row := func(cells ...string) string {
		return strings.Replace(sheet(`<row>`+strings.Join(cells, "")+`</row>`), `<?xml version="1.0"?>`, "", 1) + `</worksheet>`
	}
	number := strings.NewReplacer(`"00000"`, `"0"`).Replace(book["xl/styles.xml"])
	for _, c := range []struct {
		xml, want string
	}{
		{row(inline("A2", "x"), `<c t="s"/>`, `<c t="s"><v></v></c>`, inline("D2", "y")), "[x   y]"},
		{row(`<c s="3" t="d"><v>2021-02-25T12:30:00</v></c>`), "[2021-02-25T12:30   ]"},
		{row(inline("A2", "a_xD83D__xDE00__x0041_b"), inline("B2", "_x005F_x0041_")), "[a\U0001F600Ab _x0041_  ]"},
		{`<?xml version="1.0" encoding="US-ASCII"?>` + row(inline("A2", "x")), "[x   ]"},
		{`<?xml version="1.0" encoding="ISO-8859-1"?>` + row(inline("A2", "\xe9")), "[\u00e9   ]"},
		{`<?xml version="1.0" encoding="windows-1252"?>` + row(inline("A2", "\x80")), "[\u20ac   ]"},
	} {
		head := `<sheetData><row>` + inline("A1", "a") + inline("B1", "b") + inline("C1", "c") + inline("D1", "d") + `</row>`
		b := workbook(t, "xl/worksheets/sheet1.xml", sheet()+"</worksheet>", "xl/styles.xml", number, people, strings.Replace(c.xml, `<sheetData>`, head, 1))
		var got []string
		if err := exchange.Tables(t.Context(), exchange.FromBytes("a.xlsx", b), func(v []string) { got = append(got, fmt.Sprint(v)) }); err != nil || !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s\ngot  %q, %v\nwant %q", c.xml, got, err, c.want)
		}
	}
}
