package cli_test

import (
	"testing"

	"github.com/throughline/throughline/internal/cli"
	"github.com/throughline/throughline/internal/plan"
)

func TestSettingsDefaultToTheLimitsOfPlan(t *testing.T) {
	var c cli.Commands
	parser, err := cli.NewParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Serve.Limits.Plan(), plan.DefaultLimits(); got != want {
		t.Errorf("serve without flags limits to %+v, want %+v", got, want)
	}
}
