// Follows a job by its events and shows the brief when it is there. Without this script the page reloads itself.
"use strict";

const waiting = document.getElementById("waiting");
const note = document.getElementById("note");
const bar = document.getElementById("progress");
const heading = document.getElementById("heading");
const address = `/v1/briefs/${waiting.dataset.id}`;
const stages = {
  read: "The article is being read.",
  score: "Its relevance is being scored.",
  write: "The sections are being written.",
  verify: "Every sentence is being checked against its sources.",
};

function show(job) {
  if (job.status === "queued") {
    heading.textContent = "Waiting";
    note.textContent =
      job.position === 1 ? "It is next in the queue." : `It is number ${job.position} in the queue.`;
    bar.removeAttribute("value");
  } else if (job.status === "running") {
    heading.textContent = "Being written";
    note.textContent = stages[job.progress ? job.progress.stage : "read"] || "It is being written.";
    if (job.progress && job.progress.total) {
      bar.max = job.progress.total;
      bar.value = job.progress.done;
    }
  }
}

// The server's own sentence is kept while the model isn't ready, so the first snapshot of a queue changes nothing.
const source = new EventSource(`${address}/events`);
source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
source.addEventListener("state", (event) => {
  const job = JSON.parse(event.data);
  if (job.status !== "queued") show(job);
});
for (const last of ["done", "deleted"]) {
  source.addEventListener(last, () => {
    source.close();
    location.reload();
  });
}
// The queue moves on by other jobs' ends, which send this job no event.
setInterval(() => {
  if (heading.textContent === "Waiting") location.reload();
}, 5000);
