drop table usage_summed, usage_sum;
