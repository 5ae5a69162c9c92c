/** The two programs of the map: the density texture over the whole element, and round points. */

export const DENSITY = [
  `#version 300 es
in vec2 corner;
out vec2 place;
void main() {
  place = vec2(corner.x, -corner.y) * 0.5 + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`,
  `#version 300 es
precision highp float;
uniform sampler2D field;
uniform float opacity;
in vec2 place;
out vec4 color;
void main() {
  color = texture(field, place) * opacity;
}`,
];

export const POINTS = [
  `#version 300 es
uniform vec2 size;
uniform float ratio;
uniform float grow;
in vec3 place;
in vec4 tint;
out vec4 fill;
out float radius;
out float box;
void main() {
  fill = tint;
  radius = 0.5 * place.z * ratio + grow * ratio;
  box = 2.0 * radius + 2.0;
  gl_PointSize = box;
  gl_Position = vec4(place.x / size.x * 2.0 - 1.0, 1.0 - place.y / size.y * 2.0, 0.0, 1.0);
}`,
  `#version 300 es
precision highp float;
uniform float opacity;
uniform float ratio;
uniform float band;
uniform vec4 edge;
in vec4 fill;
in float radius;
in float box;
out vec4 color;
void main() {
  float away = length(gl_PointCoord - 0.5) * box;
  float inside = clamp(radius - away + 0.5, 0.0, 1.0);
  if (inside <= 0.0) discard;
  float thick = band > 0.0 ? band * ratio : min(1.0 * ratio, 0.22 * radius);
  float rim = clamp(away - (radius - thick) + 0.5, 0.0, 1.0);
  vec4 body = band > 0.0 ? vec4(0.0) : vec4(fill.rgb, fill.a);
  vec4 line = band > 0.0 ? edge : vec4(edge.rgb, fill.a * edge.a * smoothstep(1.5 * ratio, 3.0 * ratio, radius));
  float rimCover = rim * (band > 0.0 ? 1.0 : line.a);
  vec3 mixed = band > 0.0 ? edge.rgb : mix(body.rgb, line.rgb, rimCover);
  float alpha = (band > 0.0 ? rim * edge.a : body.a) * inside * opacity;
  color = vec4(mixed * alpha, alpha);
}`,
];
