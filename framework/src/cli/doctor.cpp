// faceoff doctor: whether everything that an attack needs is here and works, and what to do where it is not.
#include <faceoff/error.hpp>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/cpu/Utils.h>
#include <opencv2/core/version.hpp>
#include <torch/version.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "faces/portrait.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/caller.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_library.hpp"
#include "run/results.hpp"
#include "run/run_items.hpp"
#include "run/sources_digest.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// What was looked at and found.
struct Finding {
  enum class Grade { good, warning, fault };
  Grade grade = Grade::good;
  std::string about, found;
  std::string mend;  ///< what to do; empty where nothing is wrong
};

const char* word_of(Finding::Grade grade) {
  constexpr std::array words = {"ok", "warning", "fault"};
  return words.at(static_cast<std::size_t>(grade));
}

using Findings = std::vector<Finding>;

Finding good(std::string about, std::string found) {
  return {Finding::Grade::good, std::move(about), std::move(found), ""};
}

Finding versions() {
  return good("versions", std::string("faceoff " FACEOFF_VERSION " (sources ") +
                              std::string(sources_digest().substr(0, 12)) +
                              "), LibTorch " TORCH_VERSION ", OpenCV " CV_VERSION ", " + "compiler " __VERSION__);
}

/// "model name: Some CPU" of /proc/cpuinfo.
std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "a processor without a name";
}

Finding processor_found() {
  const auto known = at::cpu::get_cpu_capabilities();
  std::vector<std::string> has;
  for (const char* feature : {"avx2", "avx512_f", "avx512_bf16", "amx_bf16"}) {
    const auto found = known.find(feature);
    if (found != known.end() && found->second.isBool() && found->second.toBool()) has.emplace_back(feature);
  }
  const bool narrow = std::ranges::any_of(has, [](const std::string& one) { return one.ends_with("bf16"); });
  return good("processor", processor() + ": " + (has.empty() ? "no vector units that LibTorch knows" : joined(has)) +
                               "; attack.precision = \"bfloat16\" " + (narrow ? "pays here" : "does not pay here"));
}

Finding threads() {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency()), used = at::get_num_threads();
  std::string found = std::to_string(used) + " of " + std::to_string(cores) + " cores";
  for (const char* name : {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}) {
    if (const char* value = std::getenv(name)) found += std::string(", ") + name + "=" + one_line(value, 64);
  }
  if (used <= cores) return good("threads", found);
  return {Finding::Grade::warning, "threads", found,
          "more threads than cores wait for one another: --threads " + std::to_string(cores) + ", or OMP_NUM_THREADS"};
}

Finding accelerator() {
  if (at::hasCUDA()) return good("GPU", "CUDA works: device = \"cuda\"");
  return good("GPU", "none that this LibTorch (" TORCH_VERSION ") sees; device = \"cpu\"");
}

Findings plugins_found(const PluginLibrary& plugins) {
  std::map<Kind, std::size_t> counts;
  for (const PluginInfo* info : plugins.all()) ++counts[info->kind];
  std::vector<std::string> each;
  for (const auto& [kind, count] : counts) each.push_back(std::to_string(count) + " of kind " + to_string(kind));
  Findings all;
  if (counts.size() < 4) {
    all.push_back(
        {Finding::Grade::fault, "plugins", each.empty() ? "none" : joined(each),
         "an attack needs models, losses and optimizers: build the tree, or name a folder with --plugin-path"});
  } else {
    all.push_back(good("plugins", joined(each)));
  }
  for (const BrokenPlugin& broken : plugins.broken()) {
    all.push_back({Finding::Grade::warning, "plugins", to_string(broken),
                   "rebuild it with this faceoff's headers, or take it out of the folder"});
  }
  return all;
}

/// The SHA-256 of the files that the set-up makes, by their places below models/.
std::map<std::string, std::string> known_digests() {
  std::map<std::string, std::string> digests;
  std::ifstream in(shared_folder("models.sha256"));
  for (std::string digest, file; in >> digest >> file;) digests[file] = digest;
  return digests;
}

/// Weights and sample photos: whether all are there that the set-up makes, and are what it makes.
Findings weights(const Setup& setup) {
  Findings all;
  std::size_t whole = 0;
  std::vector<std::string> missing;
  const std::map<std::string, std::string> known = known_digests();
  for (const auto& [name, digest] : known) {
    try {
      const fs::path file = setup.resolve((fs::path("models") / name).string());
      if (sha256_file(file) == digest) {
        ++whole;
      } else {
        all.push_back({Finding::Grade::warning, "weights",
                       one_line(file.string()) + ": is not the file that the set-up makes (SHA-256)",
                       "figures in docs/ are of other weights: scripts/models makes them anew"});
      }
    } catch (const ConfigError&) {
      missing.push_back(name);
    } catch (const FileError& error) {
      all.push_back({Finding::Grade::fault, "weights", one_line(error.what()), "scripts/models makes it anew"});
    }
  }
  if (!missing.empty()) {
    all.push_back({Finding::Grade::warning, "weights", "not here: " + joined(missing),
                   "scripts/models fetches and converts them; FACEOFF_MODELS names another folder"});
  }
  all.push_back(known.empty() ? Finding{Finding::Grade::warning, "weights", "no list of what they should be",
                                        "share/faceoff/models.sha256 is missing: build or install again"}
                              : good("weights", std::to_string(whole) + " of " + std::to_string(known.size()) +
                                                    " files are as the set-up makes them"));
  return all;
}

/// Where embeddings of people are kept, so that photos are not looked at again.
Finding cache() {
  const fs::path folder = usual_cache();
  if (folder.empty())
    return {Finding::Grade::warning, "cache", "nowhere to be: HOME is not set",
            "photos of people are embedded anew each time; FACEOFF_CACHE names a folder"};
  try {
    make_folder(folder);
    const NewFolder trial(folder);
    return good("cache", one_line(folder.string()));
  } catch (const FileError& error) {
    return {Finding::Grade::warning, "cache", error.what(),
            "photos of people are embedded anew each time; FACEOFF_CACHE names a folder that can be written"};
  }
}

/// A small attack on a sample photo, whose delivered file has to be changed and within the budget.
Finding self_test(const Setup& setup, const std::vector<std::string>& plugin_paths) {
  constexpr double epsilon = 8;
  const std::string about = "self-test";
  try {
    const std::string photo = setup.resolve("models/samples/sample4.jpg").string();
    const NewFolder folder(fs::temp_directory_path());
    const fs::path experiment = folder.path() / "self_test.toml";
    write_atomically(experiment, "[data]\npictures = [" + to_toml(photo) +
                                     "]\n[models.tiny]\nplugin = \"tiny_face_detector\"\n[faces]\ndetector = "
                                     "\"tiny\"\n[attack]\nmask = \"faces\"\nepsilon = 8\n[[loss]]\nplugin = "
                                     "\"detection\"\nmodels = [\"tiny\"]\n[optimizer]\nplugin = \"pgd\"\nsteps = 5\n");
    RunObserver quiet;
    const auto begin = std::chrono::steady_clock::now();
    const Done done =
        RunItems({{}, experiment.string(), {}, plugin_paths, folder.path() / "run", false, {}, {}}, quiet).run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::string why = "no line in results.jsonl";
    read_results(done.run, [&](const ItemLine& line, const std::string&) {
      why = line.status == Status::failed      ? line.error
            : line.status == Status::no_face   ? "no face was found on a photo with faces"
            : line.status == Status::unchanged ? "nothing was changed"
            : line.quality.linf > epsilon      ? "the change is beyond the budget"
                                               : "";
    });
    if (why.empty())
      return good(about, "5 steps on " + fs::path(photo).filename().string() + " in " + fixed(seconds, 1) + " s");
    return {Finding::Grade::fault, about, one_line(why), "build again; where that does not help, please report it"};
  } catch (...) {
    return {Finding::Grade::fault, about, what_was_thrown(), "scripts/bootstrap makes everything that the test needs"};
  }
}

int doctor(const Arguments& given) {
  const std::vector<std::string> paths = given.texts("plugin-path");
  const PluginLibrary plugins(plugin_folders(paths));
  const Setup setup = setup_on(at::kCPU);
  Findings all = {versions(), processor_found(), threads(), accelerator()};
  for (const Findings& more : {plugins_found(plugins), weights(setup)}) all.insert(all.end(), more.begin(), more.end());
  all.push_back(cache());
  all.push_back(self_test(setup, paths));
  bool works = true;
  Json json = Json::array();
  std::ostringstream text;
  for (const Finding& one : all) {
    works &= one.grade != Finding::Grade::fault;
    json.push_back({{"grade", word_of(one.grade)}, {"about", one.about}, {"found", one.found}, {"mend", one.mend}});
    text << word_of(one.grade) << ": " << one.about << ": " << one.found << '\n';
    if (!one.mend.empty()) text << "  " << one.mend << '\n';
  }
  print(given.has("json") ? to_text(Json{{"works", works}, {"findings", json}}, 2) + "\n" : text.str());
  return static_cast<int>(works ? ExitCode::done : ExitCode::items_failed);
}

}  // namespace

Command doctor_command() {
  return Command(
             "faceoff doctor",
             "Looks whether all that an attack needs is here and works, with a small attack as a test, and says what "
             "to do where it is not.",
             doctor)
      .flag("json", "the findings as JSON, for programs")
      .texts("plugin-path", "a folder with more plugins; may be repeated");
}

}  // namespace faceoff
