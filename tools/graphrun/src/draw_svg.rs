//! A drawing as SVG.

use std::fmt::Write;

use crate::draw::{Box, LABEL, Picture, shorten};
use crate::draw_sheet::sheet;

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Boxes and arrows from left to right, values above the edges and gradients below, with room kept for both.
pub(crate) fn svg(picture: &Picture) -> String {
    let sheet = sheet(picture);
    let mut body = String::new();
    for ((arrow, (x, y)), route) in picture.arrows.iter().zip(sheet.labels).zip(&sheet.routes) {
        let points: Vec<String> = route.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(body, r#"<polyline class="edge" points="{}" marker-end="url(#tip)"/>"#, points.join(" "));
        for (class, label, y) in [("value", &arrow.value, y - 5.0), ("grad", &arrow.grad, y + 14.0)] {
            let Some(text) = label else { continue };
            let label = shorten(text, LABEL);
            let hint = if label == *text { String::new() } else { format!("<title>{}</title>", escape(text)) };
            let label = escape(&label);
            let _ = writeln!(body, r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{label}{hint}</text>"#);
        }
    }
    for (Box { title, leaf }, [x, y, w, h]) in picture.boxes.iter().zip(sheet.boxes) {
        let class = if *leaf { "leaf" } else { "node" };
        let (left, top) = (x - w / 2.0, y - h / 2.0);
        let _ = writeln!(
            body,
            r#"<rect class="{class}" x="{left:.1}" y="{top:.1}" width="{w:.1}" height="{h:.1}" rx="6"/>"#
        );
        let _ = writeln!(body, r#"<text x="{x:.1}" y="{:.1}">{}</text>"#, y + 4.0, escape(title));
    }
    let (w, h) = sheet.size;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0}" height="{h:.0}" viewBox="0 0 {w:.0} {h:.0}" font-family="monospace" font-size="13" text-anchor="middle">
<style>rect{{stroke:#334;fill:#eef}}.leaf{{fill:#fff}}.edge{{fill:none;stroke:#667}}.value{{fill:#063}}.grad{{fill:#a10}}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#667"/></marker></defs>
<rect width="{w:.0}" height="{h:.0}" style="fill:#fff;stroke:none"/>
{body}</svg>"##
    )
}
