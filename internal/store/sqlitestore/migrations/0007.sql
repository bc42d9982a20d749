-- quoted: what comparing the words of the quotation at the end of a link with the texts of its supporting sources has found: 0 there is
-- no text or no quotation, 1 they do not stand there, 2 they do. All is compared again, in Go.
ALTER TABLE link ADD COLUMN quoted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX link_quoted ON link (to_k, quoted) WHERE quoted > 0;
