package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;

/** Runs Apache RocketMQ's push consumers in the background. */
final class PushConsumerTools {
    private record Running(DefaultMQPushConsumer consumer, ConsumedMessages received) { }

    private final Map<String, Running> running = new LinkedHashMap<>();

    /**
     * `nameServer`, `group`, `topic`, and optionally `expression` (tags), `sql` instead of it and
     * `from` (first or last). With `laterTimes` every message is put off until it came so often, with
     * `maxReconsumeTimes` it comes so often at the most. Answers `consumer`, or `failure` with the client's message.
     */
    Object start(JSONObject request) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(request.getString("group"));
        consumer.setNamesrvAddr(request.getString("nameServer"));
        consumer.setInstanceName(UUID.randomUUID().toString());
        consumer.setConsumeFromWhere("last".equals(request.getString("from"))
            ? ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET : ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        if (request.containsKey("sql")) {
            consumer.subscribe(request.getString("topic"), MessageSelector.bySql(request.getString("sql")));
        } else {
            consumer.subscribe(request.getString("topic"), request.getString("expression"));
        }
        consumer.setClientRebalance(!request.getBooleanValue("brokerRebalance"));
        ConsumedMessages received = new ConsumedMessages();
        int laterTimes = request.getIntValue("laterTimes", 0);
        consumer.setMaxReconsumeTimes(request.getIntValue("maxReconsumeTimes", -1));
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            received.addAll(messages);
            return messages.get(0).getReconsumeTimes() < laterTimes
                ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        try {
            consumer.start();
        } catch (MQClientException failure) {
            consumer.shutdown();
            return Map.of("failure", String.valueOf(failure.getMessage()));
        }
        String name = consumer.getInstanceName();
        running.put(name, new Running(consumer, received));
        return Map.of("consumer", name);
    }

    /** `consumer`, `count`, `timeoutMs`, `quietMs`: answers all messages received so far. */
    Object await(JSONObject request) throws Exception {
        return running.get(request.getString("consumer")).received().await(
            request.getIntValue("count"), request.getLongValue("timeoutMs"), request.getLongValue("quietMs"));
    }

    /** Shuts the consumer down, which commits its offsets. */
    Object stop(JSONObject request) {
        running.remove(request.getString("consumer")).consumer().shutdown();
        return null;
    }
}
