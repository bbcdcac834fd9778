// Shows a line at the pointer in all charts at once, with the values there.

const WIDTH = 1000;
const HEIGHT = 100;
const charts = [...document.querySelectorAll("svg")].map((svg) => ({
  svg,
  cursor: svg.querySelector(".cursor"),
  least: Number(svg.dataset.least),
  most: Number(svg.dataset.most),
  unit: svg.dataset.unit,
  curves: [...svg.querySelectorAll("polyline")].map((line) => ({
    points: line.getAttribute("points").split(" ").filter(Boolean).map((pair) => pair.split(",").map(Number)),
    label: [...svg.parentElement.querySelectorAll("figcaption span")]
      .find((it) => it.dataset.name === line.dataset.name)?.querySelector("b"),
  })),
}));
const time = document.getElementById("time");
const seconds = Number(document.querySelector("h2 small")?.textContent.match(/over (\d+) s/)?.[1] ?? 0);

// The value of a curve at a place: that of the first point from there on.
function valueAt({ points }, x, { least, most }) {
  const point = points.find(([at]) => at >= x) ?? points.at(-1);
  return point && least + ((HEIGHT - point[1]) / HEIGHT) * (most - least);
}

function show(fraction) {
  const x = fraction * WIDTH;
  for (const chart of charts) {
    const { cursor, unit, curves } = chart;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.style.visibility = "visible";
    for (const curve of curves) {
      const value = valueAt(curve, x, chart);
      if (curve.label) curve.label.textContent = value === undefined ? "" : `${value.toFixed(1)} ${unit}`;
    }
  }
  time.textContent = `${(fraction * seconds).toFixed(1)} s`;
  time.style.visibility = "visible";
}

for (const { svg } of charts) {
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    show(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  });
}
