#include "cli/options.hpp"

#include <faceoff/error.hpp>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/process.hpp"

namespace faceoff {

namespace po = boost::program_options;

using Texts = std::vector<std::string>;

Texts Arguments::texts(const std::string& option) const {
  return has(option) ? values[option].as<Texts>() : Texts();
}

std::optional<std::string> Arguments::text_if(const std::string& option) const {
  return has(option) ? std::optional(text(option)) : std::nullopt;
}

double Arguments::minimum_score() const {
  const double score = number("minimum-score");
  if (!(score >= 0 && score < 1)) throw ConfigError("--minimum-score: a number from 0 to less than 1");
  return score;
}

double Arguments::false_accept_rate() const {
  const double rate = number("false-accept-rate");
  if (!(rate > 0 && rate < 1)) throw ConfigError("--false-accept-rate: a number between 0 and 1, such as 0.001");
  return rate;
}

double Arguments::time_limit() const {
  const double limit = number("time-limit");
  if (!(limit > 0)) throw ConfigError("--time-limit: a number of seconds above 0");
  return limit;
}

Command::Command(std::string usage, std::string about, int (*work)(const Arguments&))
    : usage_(std::move(usage)), about_(std::move(about)), work_(work), options_(usage_) {
  options_.add_options()("help,h", "show this");
}

Command& Command::flag(const char* name, const char* about) {
  return options_.add_options()(name, about), *this;
}

Command& Command::text(const char* name, const char* about, const char* usual) {
  auto* const value = po::value<std::string>();
  return options_.add_options()(name, usual != nullptr ? value->default_value(usual) : value, about), *this;
}

Command& Command::number(const char* name, const char* about, std::optional<double> usual) {
  auto* const value = po::value<double>();
  return options_.add_options()(name, usual ? value->default_value(*usual, shortest(*usual)) : value, about), *this;
}

Command& Command::integer(const char* name, const char* about) {
  return options_.add_options()(name, po::value<std::int64_t>(), about), *this;
}

Command& Command::texts(const char* name, const char* about, bool at_once) {
  auto* const value = po::value<Texts>()->composing();
  return options_.add_options()(name, at_once ? value->multitoken() : value, about), *this;
}

Command& Command::operand(const char* name, int most) {
  places_.add(name, most);
  if (options_.find_nothrow(name, false) != nullptr) return *this;
  if (most == 1) return operands_.add_options()(name, po::value<std::string>()), *this;
  return operands_.add_options()(name, po::value<Texts>()), *this;
}

Command& Command::needs(Texts names, const char* message) {
  needed_ = std::move(names);
  need_ = message;
  return *this;
}

std::vector<Command::Option> Command::options() const {
  std::vector<Option> all;
  for (const auto& option : options_.options())
    all.push_back({option->long_name(), option->description(), option->semantic()->max_tokens() > 0});
  return all;
}

Arguments Command::parse(const Texts& args) const {
  constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::options_description all;
  all.add(options_).add(operands_);
  Arguments given{args, {}};
  try {
    po::store(po::command_line_parser(args).options(all).positional(places_).style(style).run(), given.values);
    po::notify(given.values);
  } catch (const po::unknown_option& error) {
    Texts known;
    for (const auto& option : all.options()) known.push_back("--" + option->long_name());
    const std::string name = one_line(error.get_option_name());
    throw ConfigError("no option '" + name + "'" + did_you_mean(name, known));
  } catch (const po::too_many_positional_options_error&) {
    throw ConfigError("more arguments than the command takes; --help shows what it takes");
  } catch (const po::error& error) {
    throw ConfigError(one_line(error.what()));
  }
  const bool whole = std::ranges::all_of(needed_, [&](const std::string& name) { return given.has(name); });
  if (!whole && !given.has("help")) throw ConfigError(need_ + ": " + usage_);
  return given;
}

int Command::run(const Texts& args) const {
  const Arguments given = parse(args);
  if (!given.has("help")) return work_(given);
  std::ostringstream help;
  help << about_ << "\n\n" << options_;
  print(help.str());
  return static_cast<int>(ExitCode::done);
}

}  // namespace faceoff
