// faceoff protect: photos of people, without an experiment.
#include <faceoff/error.hpp>

#include <exception>
#include <iostream>
#include <utility>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/process.hpp"
#include "cli/protect_words.hpp"
#include "cli/terminal_observer.hpp"
#include "protect/protection.hpp"

namespace faceoff {

namespace {

/// Brings each photo to its place once it is attacked and judged, and says what became of it.
class ProtectObserver : public TerminalObserver {
 public:
  ProtectObserver(Protection& protection, const RunRequest& run, std::vector<PhotoOutcome>& outcomes,
                  const Arguments& given)
      : protection_(protection),
        run_(run),
        outcomes_(outcomes),
        as_(given.text_if("as").value_or("")),
        quiet_(given.has("quiet")) {}

  void say(const std::string& line) override {
    if (!quiet_) TerminalObserver::say(line);
  }
  void begin_items(const Item& first, std::size_t count) override {
    if (!quiet_) TerminalObserver::begin_items(first, count);
  }
  void step(std::int64_t step, std::int64_t of) override {
    if (!quiet_) TerminalObserver::step(step, of);
  }
  void end_item(const Item& item, const ItemReport& report) override {
    const PhotoOutcome& outcome = outcomes_.emplace_back(protection_.deliver(run_, item, report));
    if (quiet_) return;
    const std::vector<std::string> lines = words_of(outcome, as_);
    progress().end_item(lines.front());
    for (std::size_t i = 1; i < lines.size(); ++i) progress().say(lines[i]);
  }

 private:
  Protection& protection_;
  const RunRequest& run_;
  std::vector<PhotoOutcome>& outcomes_;
  std::string as_;
  bool quiet_;
};

Wish wish_of(const Arguments& given) {
  return {given.text("strength"),           given.text("from"),
          given.text_if("as").value_or(""), given.text_if("gallery").value_or(""),
          given.has("keep-metadata"),       given.texts("set")};
}

int conclude(const std::vector<PhotoOutcome>& outcomes, const Photos& photos, const Arguments& given) {
  const int interrupted = Interrupt::received();
  if (!given.has("quiet")) {
    std::cerr << '\n' << summary_of(outcomes);
    if (outcomes.size() < photos.all.size())
      std::cerr << "stopped with " << photos.all.size() - outcomes.size()
                << " left; the same command goes on with them\n";
  }
  bool all_well = true;
  Json all = {{"photos", Json::array()}, {"left_out", Json::array()}};
  std::string places;
  for (const PhotoOutcome& one : outcomes) {
    all["photos"].push_back(to_json(one));
    all_well &= one.fate == Fate::delivered || one.fate == Fate::no_face;
    if (one.fate == Fate::delivered) places += one.output_name() + "\n";
  }
  for (const LeftOut& one : photos.left_out) all["left_out"].push_back({{"file", one.file}, {"why", one.why}});
  print(given.has("json") ? to_text(all, 2) + "\n" : places);
  if (interrupted != 0 && outcomes.size() < photos.all.size()) return 128 + interrupted;
  return static_cast<int>(all_well ? ExitCode::done : ExitCode::items_failed);
}

int protect(const Arguments& given) {
  const bool quiet = given.has("quiet");
  Preset preset = preset_of(wish_of(given));
  const std::optional<std::string> out = given.text_if("out");
  if (out && out->empty()) throw ConfigError("-o: name a folder");
  Protection protection(std::move(preset), photos_of(given.texts("photo"), out));
  const Photos& photos = protection.photos();
  if (photos.all.empty() && photos.left_out.empty()) throw ConfigError("protect needs a photo");
  std::vector<PhotoOutcome> outcomes = protection.known();
  if (!quiet) {
    for (const std::string& line : words_of(photos.left_out)) std::cerr << "left out: " << line << '\n';
    for (const PhotoOutcome& one : outcomes) {
      // What is done needs no line each: a folder's photos may be many.
      if (one.fate != Fate::delivered) std::cerr << words_of(one, "").front() << '\n';
    }
  }
  const Interrupt interrupt;
  std::exception_ptr fault;
  try {
    for (const RunRequest& run : protection.runs(given.texts("plugin-path"))) {
      if (Interrupt::received() != 0) break;
      ProtectObserver observer(protection, run, outcomes, given);
      RunItems items(run, observer);
      protection.begin(run);
      items.run();
    }
  } catch (const Error&) {
    if (outcomes.empty()) throw;
    fault = std::current_exception();  // what was delivered before is told of first
  }
  const int code = conclude(outcomes, photos, given);
  if (fault) std::rethrow_exception(fault);
  return code;
}

}  // namespace

Command protect_command() {
  return Command("faceoff protect PHOTO|FOLDER…",
                 "Changes photos so that recognisers do not know the people on them again, and says who still does.",
                 protect)
      .operand("photo", -1, "protect needs a photo")
      .text("out,o", "the folder for what is delivered; else each beside its photo, and a folder's in FOLDER.faceoff")
      .text("strength", "low, mid or high: how much may change", "mid")
      .text("from", "recognisers, detectors or both", "recognisers")
      .text("gallery",
            "a folder with a folder of photos a person: who the people on the photos are, and who others are")
      .text("as", "somebody of the gallery, whom the faces are to be taken for")
      .flag("keep-metadata", "keep when, where and how a photo was taken; else it is left out")
      .texts("set", "KEY=VALUE: put a value in place of the preset's, as faceoff run; may be repeated")
      .flag("json", "what became of each photo as JSON, for programs")
      .flag("quiet", "say nothing but what is wrong")
      .texts("plugin-path", "a folder with more plugins; may be repeated");
}

}  // namespace faceoff
