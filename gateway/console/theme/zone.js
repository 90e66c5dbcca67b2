// Tells the service in which time zone the pages are looked at, from the next one on.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const secure = location.protocol === "https:" ? "; secure" : "";
if (zone && !document.cookie.split("; ").includes(`viewer_zone=${zone}`)) {
  document.cookie = `viewer_zone=${zone}; path=/admin/; max-age=31536000; samesite=lax${secure}`;
}
