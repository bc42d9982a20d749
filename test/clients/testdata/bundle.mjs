// Makes of each program in the folder drivers, below the folder given, one file in the folder out, as a bundler would for an app.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "@babel/core";
import { build } from "esbuild";

const dir = process.argv[2];
await build({
  absWorkingDir: join(process.cwd(), dir),
  entryPoints: readdirSync(join(dir, "drivers")).map((name) => join("drivers", name)),
  outdir: "out",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  logLevel: "error",
  plugins: [
    {
      name: "relay",
      setup(on) {
        on.onLoad({ filter: /relay\/src\/[^_]*\.ts$/ }, ({ path }) => ({
          loader: "ts",
          contents: transformSync(readFileSync(path, "utf8"), {
            filename: path,
            babelrc: false,
            configFile: false,
            parserOpts: { plugins: ["typescript"] },
            plugins: [["relay", { eagerEsModules: true }]],
          }).code,
        }));
      },
    },
  ],
});
