package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.UtilAll;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;

/** Runs Apache RocketMQ's push consumers in the background. */
final class PushConsumerTools {
    private record Running(DefaultMQPushConsumer consumer, ConsumedMessages received, DefaultMQProducer replier,
        ScheduledExecutorService sweeper) { }

    private final Map<String, Running> running = new ConcurrentHashMap<>();

    /**
     * As all clients, and `group`, `topic`, and optionally `expression` (tags), `sql` instead of it,
     * `from` (first, last, or milliseconds since 1970), `mode` (concurrently, orderly), `model`
     * (clustering, broadcasting), `strategy` (circle, consistentHash), `rules` ({@link ListenerRules}),
     * and settings of the consumer. Answers `consumer` and `clientId`, or `failure` with the client's message.
     */
    Object start(JSONObject request) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(request.getString("group"));
        Clients.configure(consumer, request);
        configure(consumer, request);
        subscribe(consumer, request);
        DefaultMQProducer replier = replierFor(request);
        ConsumedMessages received = new ConsumedMessages();
        listen(consumer, request, received, new ListenerRules(request.getJSONArray("rules"), replier));
        try {
            consumer.start();
        } catch (MQClientException failure) {
            consumer.shutdown();
            return Map.of("failure", String.valueOf(failure.getMessage()));
        }
        String name = consumer.getInstanceName();
        running.put(name, new Running(consumer, received, replier, sweeperFor(consumer, request)));
        return Map.of("consumer", name, "clientId", consumer.buildMQClientId());
    }

    /** `consumer`, `count`, `timeoutMs`, `quietMs`: answers all messages received so far. */
    Object await(JSONObject request) throws Exception {
        return running.get(request.getString("consumer")).received().await(
            request.getIntValue("count"), request.getLongValue("timeoutMs"), request.getLongValue("quietMs"));
    }

    /** `consumer`, `action` (assigned, subscribe, unsubscribe, pause, resume), and what that needs. */
    Object steer(JSONObject request) throws Exception {
        DefaultMQPushConsumer consumer = running.get(request.getString("consumer")).consumer();
        switch (request.getString("action")) {
            case "assigned":
                return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
                    .filter(queue -> queue.getTopic().equals(request.getString("topic")))
                    .map(queue -> queue.getQueueId()).sorted().collect(Collectors.toList());
            case "subscribe":
                subscribe(consumer, request);
                return null;
            case "unsubscribe":
                consumer.unsubscribe(request.getString("topic"));
                return null;
            case "pause":
                consumer.suspend();
                return null;
            case "resume":
                consumer.resume();
                return null;
            default:
                throw new IllegalArgumentException("no such action: " + request.getString("action"));
        }
    }

    /** Shuts the consumer down, which commits its offsets. */
    Object stop(JSONObject request) {
        Running ended = running.remove(request.getString("consumer"));
        ended.consumer().shutdown();
        if (ended.replier() != null) {
            ended.replier().shutdown();
        }
        if (ended.sweeper() != null) {
            ended.sweeper().shutdownNow();
        }
        return null;
    }

    private static void configure(DefaultMQPushConsumer consumer, JSONObject request) {
        startFrom(consumer, request.get("from"));
        consumer.setClientRebalance(!request.getBooleanValue("brokerRebalance"));
        consumer.setMaxReconsumeTimes(request.getIntValue("maxReconsumeTimes", -1));
        consumer.setConsumeMessageBatchMaxSize(request.getIntValue("batchSizeMax", 1));
        consumer.setPullBatchSize(request.getIntValue("pullCountMax", 32));
        int threads = request.getIntValue("concurrency", 4);
        consumer.setConsumeThreadMin(threads);
        consumer.setConsumeThreadMax(threads);
        consumer.setSuspendCurrentQueueTimeMillis(request.getLongValue("suspendMs", 1000L));
        consumer.setPullThresholdForQueue(request.getIntValue("queueCountMax", 1000));
        consumer.setPullThresholdForTopic(request.getIntValue("totalCountMax", -1));
        consumer.setConsumeConcurrentlyMaxSpan(request.getIntValue("queueSpanMax", 2000));
        if ("broadcasting".equals(request.getString("model"))) {
            consumer.setMessageModel(MessageModel.BROADCASTING);
        }
        if ("circle".equals(request.getString("strategy"))) {
            consumer.setAllocateMessageQueueStrategy(new AllocateMessageQueueAveragelyByCircle());
        } else if ("consistentHash".equals(request.getString("strategy"))) {
            consumer.setAllocateMessageQueueStrategy(new AllocateMessageQueueConsistentHash());
        }
    }

    private static void startFrom(DefaultMQPushConsumer consumer, Object from) {
        if (from instanceof Number) {
            consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_TIMESTAMP);
            consumer.setConsumeTimestamp(UtilAll.timeMillisToHumanString3(((Number) from).longValue()));
        } else {
            consumer.setConsumeFromWhere("last".equals(from)
                ? ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET : ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        }
    }

    private static void subscribe(DefaultMQPushConsumer consumer, JSONObject request) throws Exception {
        if (request.containsKey("sql")) {
            consumer.subscribe(request.getString("topic"), MessageSelector.bySql(request.getString("sql")));
        } else {
            consumer.subscribe(request.getString("topic"), request.getString("expression"));
        }
    }

    private static DefaultMQProducer replierFor(JSONObject request) throws Exception {
        if (!request.getBooleanValue("replies")) {
            return null;
        }
        DefaultMQProducer replier = new DefaultMQProducer(request.getString("group") + "-replier");
        Clients.configure(replier, request);
        replier.start();
        return replier;
    }

    private static void listen(DefaultMQPushConsumer consumer, JSONObject request, ConsumedMessages received,
        ListenerRules rules) {
        if ("orderly".equals(request.getString("mode"))) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                ListenerRules.Rule rule = consume(messages, received, rules);
                context.setSuspendCurrentQueueTimeMillis(rule.suspendMs());
                return rule.answer().equals("later")
                    ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS;
            });
            return;
        }
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            ListenerRules.Rule rule = consume(messages, received, rules);
            context.setDelayLevelWhenNextConsume(rule.delayLevel());
            return rule.answer().equals("later")
                ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
    }

    private static ListenerRules.Rule consume(List<MessageExt> messages, ConsumedMessages received, ListenerRules rules) {
        List<MessageExt> delivered = new ArrayList<>(messages);
        received.addAll(delivered);
        try {
            return rules.apply(delivered);
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        } finally {
            received.end(delivered, System.currentTimeMillis());
        }
    }

    /**
     * RocketMQ counts a listener's time in minutes and looks once in so many: with `consumeTimeoutMs` the
     * same look is made more often, and the minutes are none.
     */
    private static ScheduledExecutorService sweeperFor(DefaultMQPushConsumer consumer, JSONObject request) throws Exception {
        if (!request.containsKey("consumeTimeoutMs")) {
            return null;
        }
        consumer.setConsumeTimeout(0);
        Object service = consumer.getDefaultMQPushConsumerImpl().getConsumeMessageService();
        Method sweep = service.getClass().getDeclaredMethod("cleanExpireMsg");
        sweep.setAccessible(true);
        ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor();
        long periodMs = request.getLongValue("consumeTimeoutMs");
        sweeper.scheduleWithFixedDelay(() -> {
            try {
                sweep.invoke(service);
            } catch (ReflectiveOperationException failure) {
                throw new IllegalStateException(failure);
            }
        }, periodMs, periodMs, TimeUnit.MILLISECONDS);
        return sweeper;
    }
}
