// Not Go: this file keeps the go command out of the packages installed here.
module github.com/throughline/throughline/internal/web/src

go 1.26.0
