// The suite of `faceoff plugins check` over every plugin of the tree.
#include "contract/contract.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/support.hpp"

namespace faceoff {
namespace {

class Contract : public testing::TestWithParam<const PluginInfo*> {};

TEST_P(Contract, IsKept) {
  std::vector<std::string> done;
  check_contract(tree_plugins(), *GetParam(), {}, tree_setup(),
                 [&](const std::string& check, const std::string& fault) {
                   EXPECT_EQ(fault, "") << check;
                   done.push_back(check);
                 });
  EXPECT_GE(done.size(), 7U);
}

INSTANTIATE_TEST_SUITE_P(Tree, Contract, testing::ValuesIn(tree_plugins().all()),
                         [](const auto& plugin) { return to_string(plugin.param->kind) + "_" + plugin.param->name; });

}  // namespace
}  // namespace faceoff
