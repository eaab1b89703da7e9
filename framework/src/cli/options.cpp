#include "cli/options.hpp"

#include <faceoff/error.hpp>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "base/one_line.hpp"
#include "base/suggest.hpp"

namespace faceoff {

namespace po = boost::program_options;

po::variables_map parse_options(const std::vector<std::string>& args, const po::options_description& options,
                                const po::positional_options_description& positional) {
  constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(args).options(options).positional(positional).style(style).run(), values);
    po::notify(values);
    return values;
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const auto& option : options.options()) known.push_back("--" + option->long_name());
    const std::string name = one_line(error.get_option_name());
    throw ConfigError("no option '" + name + "'" + did_you_mean(name, known));
  } catch (const po::too_many_positional_options_error&) {
    throw ConfigError("more arguments than the command takes; --help shows what it takes");
  } catch (const po::error& error) {
    throw ConfigError(one_line(error.what()));
  }
}

std::optional<po::variables_map> parse_pictures(const std::vector<std::string>& args,
                                                const po::options_description& shown, const std::string& summary) {
  po::options_description options;
  options.add(shown).add_options()("picture", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("picture", -1);
  po::variables_map given = parse_options(args, options, positional);
  if (!given.contains("help")) return given;
  std::ostringstream text;
  text << summary << "\n\n" << shown;
  print(text.str());
  return std::nullopt;
}

std::vector<std::string> list(const po::variables_map& values, const char* name) {
  return values.contains(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

void add_minimum_score(po::options_description& options) {
  options.add_options()("minimum-score", po::value<double>()->default_value(.5, "0.5"), "of a face");
}

double minimum_score(const po::variables_map& given) {
  const double score = given["minimum-score"].as<double>();
  if (!(score >= 0 && score < 1)) throw ConfigError("--minimum-score: a number from 0 to less than 1");
  return score;
}

namespace {

int out = STDOUT_FILENO;

}  // namespace

void keep_stdout() {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
    if (::fcntl(file, F_GETFD) >= 0) continue;
    // Nobody reads it: what is data can't be written, and what is words need not be. It becomes the lowest free file.
    if (::open("/dev/null", file == STDERR_FILENO ? O_WRONLY : O_RDONLY) != file) throw Error("can't open /dev/null");
  }
  out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (out < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) throw Error("can't keep standard output");
}

int kept_stdout() {
  return out;
}

void print(const std::string& text) {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t part = ::write(out, text.data() + written, text.size() - written);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) throw FileError("standard output can't be written to");
    written += static_cast<std::size_t>(part);
  }
}

}  // namespace faceoff
