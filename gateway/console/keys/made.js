// The key is chosen whole when it is touched, to be copied.

const secret = document.getElementById("secret");
secret?.addEventListener("focus", () => secret.select());
