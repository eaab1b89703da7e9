#include "report/page.hpp"

#include <algorithm>
#include <system_error>

#include "base/files.hpp"
#include "plugins/caller.hpp"
#include "report/html.hpp"

namespace faceoff {

std::vector<std::string> plot_scripts() {
  namespace fs = std::filesystem;
  constexpr std::size_t largest = 4U << 20U;
  std::error_code ignored;
  const fs::path folder = shared_folder("report");
  std::vector<std::string> scripts;
  for (const char* name : {"vega.min.js", "vega-lite.min.js", "vega-embed.min.js"}) {
    if (!fs::exists(folder / name, ignored)) return {};
    const std::vector<std::uint8_t> bytes = read_file(folder / name, largest);
    scripts.emplace_back(bytes.begin(), bytes.end());
  }
  return scripts;
}

PageSection plots_section(const std::vector<Figure>& figures, bool drawn) {
  if (figures.empty()) return {};
  std::string text;
  if (drawn) text += "<noscript><p>Plots take scripts; their numbers are here.</p></noscript>\n";
  for (const Figure& figure : figures) text += figure_html(figure, drawn);
  return {"plots", "Plots", text};
}

std::string to_html(const Page& page, const std::vector<std::string>& scripts) {
  std::string policy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " +
                       policy_hash(page_style) + "; script-src";
  std::string code;
  const auto add_script = [&](const std::string& script) {
    policy += " " + policy_hash(script);
    code += "<script>" + script + "</script>\n";
  };
  std::ranges::for_each(scripts, add_script);
  add_script(page_script);
  std::string links, sections;
  for (const PageSection& section : page.sections) {
    if (section.html.empty()) continue;
    links += "<a href=\"#" + section.id + "\">" + section.title + "</a>\n";
    sections += "<section id=\"" + section.id + "\">\n<h2>" + section.title + "</h2>\n" + section.html + "</section>\n";
  }
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         policy +
         "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"generator\" content=\"faceoff\">\n<title>" +
         escape_html(page.name) + "</title>\n<style>" + page_style + "</style></head>\n<body>\n<h1>" +
         escape_html(page.name) + "</h1>\n<p>" + escape_html(page.judged) + "</p>\n<nav>\n" + links + "</nav>\n" +
         sections + code + "</body></html>\n";
}

}  // namespace faceoff
