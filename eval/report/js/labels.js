// Labels for points: each takes the nearest free place around its point; one that finds none is null.
const DIRECTIONS = [[1, 0], [0.8, -0.8], [0.8, 0.8], [-1, 0], [0, -1], [0, 1], [-0.8, -0.8], [-0.8, 0.8]];
const RADII = [11, 15, 22, 31, 42, 56, 72];

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function labelBox(point, direction, radius) {
  const [dx, dy] = direction;
  const x = point.x + dx * radius;
  const y = point.y + dy * radius;
  const left = dx > 0 ? x : dx < 0 ? x - point.width : x - point.width / 2;
  const top = dy > 0 ? y : dy < 0 ? y - point.height : y - point.height / 2;
  return { left, top, right: left + point.width, bottom: top + point.height, radius };
}

// points: [{x, y, width, height}]; obstacles and bounds: boxes {left, right, top, bottom}.
function placeLabels(points, obstacles, bounds) {
  const taken = points.map((p) => ({ left: p.x - 7, right: p.x + 7, top: p.y - 7, bottom: p.y + 7 }));
  const inside = (box) =>
    box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom;
  return points.map((point) => {
    for (const avoided of [taken.concat(obstacles), taken]) {
      for (const radius of RADII) {
        for (const direction of DIRECTIONS) {
          const box = labelBox(point, direction, radius);
          const clear = { left: box.left - 3, right: box.right + 3, top: box.top, bottom: box.bottom };
          if (inside(box) && !avoided.some((other) => overlap(clear, other))) {
            taken.push(clear);
            return box;
          }
        }
      }
    }
    return null;
  });
}
