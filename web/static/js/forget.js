// Nobody has signed in here, or the screen is locked: what this tab kept of a call goes.
try {
  sessionStorage.removeItem("siaga112-call");
  sessionStorage.removeItem("siaga112-line");
} catch {
  // without storage there was nothing
}
