// What every program here begins with.

/** The address of the server. */
export const url = process.argv[2]!;

/** Runs a program; what a library warns of is a failure. */
export function run(main: () => Promise<void>): void {
  for (const level of ["warn", "error"] as const) {
    console[level] = (...said: unknown[]) => {
      process.stderr.write(`${level}: ${said.join(" ")}\n`);
      process.exitCode = 1;
    };
  }
  main().then(
    () => process.exit(),
    (e) => {
      process.stderr.write(`${e?.stack ?? e}\n`);
      process.exit(1);
    },
  );
}
