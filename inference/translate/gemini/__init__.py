"""Google's `generateContent`, as an upstream of the Gemini API and of Vertex AI."""
