// The generator reads the copies that scripts/client_documents.py writes.
const documents = process.env.CLIENT_DOCUMENTS;

export default ["channel", "hris", "signing", "jobboard"].map((name) => ({
  input: `${documents}/${name}.json`,
  output: { path: `src/${name}`, module: { extension: ".js" } },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
  logs: { level: "warn", file: false },
}));
