//! A page of HTML: headings, text, tables, figures.

use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:left}\
svg{max-width:100%}text{font:11px system-ui,sans-serif;fill:#444}h2{margin-top:2.5rem}";

/// A page as it grows.
pub(super) struct Page {
    html: String,
}

impl Page {
    pub fn new(title: &str) -> Self {
        let title = escape(title);
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}</h1>\n"
        );
        Self { html }
    }

    pub fn section(&mut self, heading: &str) {
        self.push(&format!("<h2>{}</h2>\n", escape(heading)));
    }

    pub fn text(&mut self, text: &str) {
        self.push(&format!("<p>{}</p>\n", escape(text)));
    }

    /// A drawing, as SVG.
    pub fn figure(&mut self, svg: &str) {
        self.push(&format!("<figure>\n{svg}</figure>\n"));
    }

    /// A table; cells are HTML already.
    pub fn table(&mut self, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        self.push("<table>\n");
        if columns.iter().any(|column| !column.is_empty()) {
            let cells: String = columns.iter().map(|column| format!("<th>{}</th>", escape(column))).collect();
            self.push(&format!("<tr>{cells}</tr>\n"));
        }
        for row in rows {
            let cells: String = row.iter().map(|cell| format!("<td>{cell}</td>")).collect();
            self.push(&format!("<tr>{cells}</tr>\n"));
        }
        self.push("</table>\n");
    }

    pub fn finish(mut self) -> String {
        self.push("</body>\n</html>\n");
        self.html
    }

    fn push(&mut self, html: &str) {
        let _ = self.html.write_str(html);
    }
}

/// Text that a model's author chose, as text in HTML.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
        escaped
    })
}
