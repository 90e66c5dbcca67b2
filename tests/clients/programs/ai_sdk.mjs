// A loop with tools by the Vercel AI SDK: `node ai_sdk.mjs BASE_URL KEY MODEL FOLDER HOW`.
import { readFileSync, writeFileSync } from "node:fs";
import { generateText, streamText, stepCountIs, tool } from "ai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { z } from "zod";

const [baseURL, apiKey, name, folder, how] = process.argv.slice(2);
const openai = createOpenAI({ baseURL, apiKey });
const models = {
  default: () => openai(name),
  chat: () => openai.chat(name),
  anthropic: () => createAnthropic({ baseURL, apiKey })(name),
};
const options = {
  model: models[how.split("-")[0]](),
  prompt: "Change the kind of signal in notes.txt to a colour light.",
  stopWhen: stepCountIs(5),
  maxRetries: 2,
  providerOptions: how.includes("unkept") ? { openai: { store: false } } : {},
  tools: {
    readFile: tool({
      description: "Reads a file",
      inputSchema: z.object({ path: z.string() }),
      execute: async ({ path }) => readFileSync(path, "utf8"),
    }),
    writeFile: tool({
      description: "Writes a file",
      inputSchema: z.object({ path: z.string(), text: z.string() }),
      execute: async ({ path, text }) => (writeFileSync(path, text), "written"),
    }),
  },
};
let text;
if (how.includes("stream")) {
  text = "";
  const result = streamText({ ...options, onError: ({ error }) => { throw error; } });
  for await (const piece of result.textStream) text += piece;
} else {
  ({ text } = await generateText(options));
}
console.log(text);
