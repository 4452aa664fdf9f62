// Opens a page in Chromium at several widths, light and dark, and says what a reader would meet:
// console messages, sideways scrolling, and what axe finds. Called by bench/report.py.
import fs from "node:fs";
import { createRequire } from "node:module";

const [page, pictures, modules] = process.argv.slice(2);
const require = createRequire(modules + "/");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: quiet });
const found = [];
for (const width of [360, 768, 1200]) {
  for (const colorScheme of ["light", "dark"]) {
    // axe is put into the page from outside, which the page's own policy rightly forbids.
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    const tab = await context.newPage();
    const messages = [];
    tab.on("console", (message) => messages.push(message.text()));
    tab.on("pageerror", (error) => messages.push(error.message));
    tab.on("request", (request) => { if (!request.url().startsWith("file:")) messages.push("fetches " + request.url()); });
    await tab.goto("file://" + page);
    await tab.screenshot({ path: `${pictures}/${width}-${colorScheme}.png`, fullPage: true });
    await tab.evaluate(() => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
    const over = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await tab.addScriptTag({ content: axe });
    const result = await tab.evaluate(() => axe.run());
    found.push({ width, colorScheme, messages, over, passes: result.passes.length,
      violations: result.violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 120)}`) });
    await context.close();
  }
}
const printed = await (await browser.newContext()).newPage();
await printed.goto("file://" + page);
await printed.pdf({ path: `${pictures}/print.pdf`, format: "A4" });
await browser.close();
console.log(JSON.stringify(found));
